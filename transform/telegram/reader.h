/* reader.h: reading a document of the Bot API, whose elements become scopes.
 *
 * Owns:    its parser and JSON writer.
 * Errors:  what cannot be read is rejected here; other results are the sink's.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_READER_H
#define SLUICE_TRANSFORM_TELEGRAM_READER_H

#include "transform/telegram/scope.h"

struct tg_reader {
    struct map_out *out;
    struct json_writer *json;
    struct jpath *jpath;
    uint64_t replaced_before; /* characters, up to the end of the element before */
    char first;               /* byte of the document; 0: none yet */
    bool is_dead;             /* nothing more is read of the document */
};

void tg_reader_init(struct tg_reader *reader, struct map_out *out, const struct jpath_rule *rules);
void tg_reader_done(struct tg_reader *reader);
void tg_reader_begin(struct tg_reader *reader, void *root, void *context);
enum rc tg_reader_feed(struct tg_reader *reader, const char *bytes, size_t n,
                       struct err *err) MUST_USE;

/* Judges what the root has read, when all is read. */
typedef enum rc tg_judge_fn(void *context, struct err *err);
enum rc tg_reader_end(struct tg_reader *reader, tg_judge_fn *judge, void *context,
                      struct err *err) MUST_USE;

/* The scope of the element that ends now. base STR_NULL: its path is the one being read. false: the
 * account is not known, which was rejected, or there is no memory; *rc_out is the result then. */
bool tg_scope_open(struct tg_reader *reader, int64_t offset, struct str base,
                   struct tg_scope *scope_out, enum rc *rc_out, struct err *err);

#endif
