/* store.c -- snapshots in a file: the store for hosts with a disk.
 *
 * The file is a header of HEAD bytes and, behind it, slots of HEAD + slot_bytes each. A slot begins with MAGIC, its number, the size of what it holds and a sum of that; so what was
 * never saved, or not wholly, or by another process that was given the same file, or was damaged meanwhile, is an error when it is loaded and never old or other numbers. Writes are not buffered: a full disk is
 * known when a state is saved, not later. Only standard C: positions are limited to what fseek takes. */
#include "mfl/store.h"
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { HEAD = 64 };
static const char file_magic[8] = "mflstor1", slot_magic[8] = "snapshot";
typedef struct Head { char magic[8]; int64_t slot; uint64_t bytes, sum; } Head;

/* Eight bytes at a time: as fast as memory. */
static uint64_t sum_of(uint64_t h, const void *at, size_t bytes)
{
    const unsigned char *p = (const unsigned char *)at;
    for (; bytes; p += 8, bytes -= bytes < 8 ? bytes : 8) {
        uint64_t word = 0;
        memcpy(&word, p, bytes < 8 ? bytes : 8);
        h = (h ^ word) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    return h;
}

/* At the header of a slot. */
static int seek(const mfl_file_store *f, int64_t slot)
{
    uint64_t stride = (uint64_t)f->slot_bytes + HEAD, most = ((uint64_t)LONG_MAX - HEAD) / stride;
    if (!f->file || slot < 0 || (uint64_t)slot >= most)
        return 0;
    return !fseek((FILE *)f->file, (long)(HEAD + (uint64_t)slot * stride), SEEK_SET);
}

static int put(const mfl_file_store *f, const char *magic, int64_t slot, size_t bytes, uint64_t sum)
{
    char block[HEAD] = { 0 };
    Head h;
    memcpy(h.magic, magic, sizeof h.magic);
    h.slot = slot;
    h.bytes = bytes;
    h.sum = sum;
    memcpy(block, &h, sizeof h);
    return fwrite(block, HEAD, 1, (FILE *)f->file) == 1;
}

/* The header comes last: a state that was not written wholly leaves none that fits. */
static int save(void *user, int64_t slot, const void *at, size_t bytes)
{
    const mfl_file_store *f = (const mfl_file_store *)user;
    if (bytes > f->slot_bytes || !seek(f, slot) || !put(f, "        ", slot, 0, 0) || (bytes && fwrite(at, bytes, 1, (FILE *)f->file) != 1))
        return MFL_STORE_SAVE;
    return seek(f, slot) && put(f, slot_magic, slot, bytes, sum_of(f->key, at, bytes)) ? MFL_OK : MFL_STORE_SAVE;
}

static int load(void *user, int64_t slot, void *at, size_t bytes)
{
    const mfl_file_store *f = (const mfl_file_store *)user;
    char block[HEAD];
    Head h;
    if (!seek(f, slot) || fread(block, HEAD, 1, (FILE *)f->file) != 1)
        return MFL_STORE_LOAD;
    memcpy(&h, block, sizeof h);
    if (memcmp(h.magic, slot_magic, sizeof h.magic) || h.slot != slot || h.bytes != bytes)
        return MFL_STORE_LOAD;
    if (bytes && fread(at, bytes, 1, (FILE *)f->file) != 1)
        return MFL_STORE_LOAD;
    return h.sum == sum_of(f->key, at, bytes) ? MFL_OK : MFL_STORE_LOAD;
}

/* Nothing, an empty file, or a store that an earlier run left: what opening may overwrite. */
static int may_overwrite(const char *path)
{
    char magic[sizeof file_magic];
    FILE *f = fopen(path, "rb");
    if (!f)
        return 1;
    size_t n = fread(magic, 1, sizeof magic, f);
    int none = !n && !ferror(f);
    fclose(f);
    return none || (n == sizeof magic && !memcmp(magic, file_magic, sizeof magic));
}

int mfl_file_store_open(mfl_file_store *f, const char *path, size_t slot_bytes, mfl_store *store)
{
    f->file = NULL;
    f->path = path;
    f->slot_bytes = slot_bytes;
    if (!path || slot_bytes > (size_t)LONG_MAX - 2 * HEAD || !may_overwrite(path))
        return MFL_STORE_OPEN;
    FILE *file = fopen(path, "w+b");
    if (!file)
        return MFL_STORE_OPEN;
    setvbuf(file, NULL, _IONBF, 0);
    f->file = file;
    const void *const where[] = { f, file, &store };          /* elsewhere in every process and for every store */
    f->key = sum_of(0, where, sizeof where);
    if (!put(f, file_magic, 0, slot_bytes, 0)) {
        mfl_file_store_close(f);
        return MFL_STORE_OPEN;
    }
    store->save = save;
    store->load = load;
    store->user = f;
    return MFL_OK;
}

int mfl_file_store_close(mfl_file_store *f)
{
    if (!f->file)
        return MFL_OK;
    int bad = fclose((FILE *)f->file);
    f->file = NULL;
    return (f->path && remove(f->path)) || bad ? MFL_STORE_OPEN : MFL_OK;
}

/* ---- the store of a workspace: in its first bytes, behind a mark that memory which was never told does not hold ---- */
typedef struct Known { uint64_t mark[2]; const mfl_store *store; } Known;
static const uint64_t known_mark[2] = { 0x6d666c2d73746f72u, 0x9e3779b97f4a7c15u };

int mfl_use_store(void *work, const mfl_store *store)
{
    Known k;
    if (!work || (uintptr_t)work % 64)
        return MFL_BAD_WORK;
    memcpy(k.mark, known_mark, sizeof k.mark);
    k.store = store;
    memcpy(work, &k, sizeof k);
    return MFL_OK;
}

const mfl_store *mfl_store_of(const void *work)
{
    Known k;
    memcpy(&k, work, sizeof k);
    return memcmp(k.mark, known_mark, sizeof k.mark) ? NULL : k.store;
}

static void failed(mfl_status *status, int code, int64_t slot)
{
    status->code = code;
    status->name = "store";
    status->value = (double)slot;
}

void mfl_snapshot_save(mfl_status *status, const void *work, int64_t slot, const void *at, int64_t bytes)
{
    const mfl_store *s = mfl_store_of(work);
    if (status->code)
        return;
    int code = s ? s->save(s->user, slot, at, (size_t)bytes) : MFL_NO_STORE;
    if (code)
        failed(status, code, slot);
}

void mfl_snapshot_load(mfl_status *status, const void *work, int64_t slot, void *at, int64_t bytes)
{
    const mfl_store *s = mfl_store_of(work);
    int code = status->code ? status->code : s ? s->load(s->user, slot, at, (size_t)bytes) : MFL_NO_STORE;
    if (code)
        memset(at, 0, (size_t)bytes);                         /* the sweep goes on to its end, on numbers */
    if (code && !status->code)
        failed(status, code, slot);
}
