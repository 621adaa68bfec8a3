/* mfl/store.h -- memory of the caller's (a file, flash, another machine) for states that a workspace has no room for. */
#ifndef MFL_STORE_H
#define MFL_STORE_H
#include <stddef.h>
#include <stdint.h>
#include "status.h"
#ifdef __cplusplus
extern "C" {
#endif

/* save: `bytes` at `at` into slot 0, 1, ..., in place of what was there; load: what was last saved there. 0, or a code that the caller gets back.
 * One store serves one call at a time: threads need one each. */
typedef struct mfl_store {
    int (*save)(void *user, int64_t slot, const void *at, size_t bytes);
    int (*load)(void *user, int64_t slot, void *at, size_t bytes);
    void *user;
} mfl_store;
/* The store in one file, see runtime/store.c. open makes the file (it may hold an earlier store, nothing else) and fills `store`, whose user is `f`; path must
 * live until close, which removes the file; who has removed it already sets f->path to NULL. A slot holds at most slot_bytes. */
typedef struct mfl_file_store {
    void       *file;
    const char *path;
    size_t      slot_bytes;
    uint64_t    key;               /* of this opening: states of another are not taken for its own */
} mfl_file_store;
int mfl_file_store_open(mfl_file_store *f, const char *path, size_t slot_bytes, mfl_store *store);
int mfl_file_store_close(mfl_file_store *f);
/* Programs whose schedule has `+store` (NAME_STORE_SLOTS > 0) find their store in the first bytes of the workspace: to be called once for each workspace, before the first
 * gradient. The store must live as long as it is used; NULL: none any more. MFL_BAD_WORK: the workspace is NULL or not aligned to 64 bytes. */
int mfl_use_store(void *work, const mfl_store *store);
const mfl_store *mfl_store_of(const void *work);           /* NULL: none */
/* For generated code. The first failure goes into the status, and nothing is saved or loaded after it. */
void mfl_snapshot_save(mfl_status *, const void *work, int64_t slot, const void *at, int64_t bytes);
void mfl_snapshot_load(mfl_status *, const void *work, int64_t slot, void *at, int64_t bytes);
#ifdef __cplusplus
}
#endif
#endif
