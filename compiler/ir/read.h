/* read.h -- private to the reader of the text form: the place in the text, tokens (read_tokens.c), the grammar on top of them (read.c).
 * After a mistake, which is reported, `at` stands at the end of the text and nothing more is read. */
#ifndef MFL_READ_H
#define MFL_READ_H
#include "contract.h"

enum { DEEPEST = 64, NODES_MOST = 1 << 24 };

typedef struct Reader {
    Arena *arena;
    Diags *diags;
    const Source *text;
    size_t at;                                    /* the next byte; text->len after a mistake */
    bool failed;
    int depth;
    const SourceList *known;                      /* may be NULL */
    SourceList sources;
    Vec(Checkpoints *) saves;
} Reader;

/* A mistake at bytes from .. to of the text. */
void read_fail(Reader *r, size_t from, size_t to, const char *fmt, ...) PRINTF_LIKE(4, 5);
char read_peek(const Reader *r);                            /* the next byte; 0 at the end */
void read_skip(Reader *r);                                  /* blanks and comments */
size_t read_word_end(const Reader *r);
void read_expected(Reader *r, const char *what);
bool read_take(Reader *r, const char *text);                /* the word or sign, when it is next */
void read_need(Reader *r, const char *text);                /* it must be next */
bool read_is_digit(const Reader *r);
int64_t read_whole(Reader *r, const char *what, int64_t lo, int64_t hi);
double read_number(Reader *r);
bool read_name(Reader *r, Name *to);
void read_names(Reader *r, Name *own, Name *of_body);       /* one name for both, or two */
#endif
