/* export_filter.h: a filter in front of jpath that makes JSON of what Telegram Desktop writes.
 *
 * Control characters are written as "\x01", which is no JSON: they become "\u0001". Values without
 * quotes (paths after "document_id" in the versions 4.0.4 to 4.1.1, NaN and the like) become empty
 * texts, blanks filling the rest, so that nothing moves. All else passes as it is, uncopied, in
 * pieces as large as they come. A value is known by what stands before it, the end of a member's
 * name, so that texts are never taken for one. Offsets: only "\x01" makes the output longer;
 * export_filter_offset leads back to the bytes of the file. Owns:    up to EXPORT_FILTER_HELD_BYTES
 * of a piece whose meaning depends on the next one, and the places of the escapes since
 * export_filter_forget. Threads: one owner. Source:  reference/telegram.md 10.7. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_EXPORT_FILTER_H
#define SLUICE_TRANSFORM_TELEGRAM_EXPORT_FILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXPORT_FILTER_HELD_BYTES 32
#define EXPORT_FILTER_CONTEXT_BYTES 12 /* of "\"document_id" */

enum export_filter_value { EXPORT_FILTER_NONE, EXPORT_FILTER_WORD, EXPORT_FILTER_LINE };

struct export_filter {
    char held[EXPORT_FILTER_HELD_BYTES];
    size_t held_count;
    char before[EXPORT_FILTER_CONTEXT_BYTES]; /* what came just before, the newest last */
    enum export_filter_value value;           /* without quotes, being blanked */
    unsigned quotes;                          /* of it, still to be written */
    bool has_comma;                           /* of it, held: perhaps the one behind it */
    int64_t passed;                           /* bytes let out */
    int64_t *grown;                           /* where escapes ended, in bytes let out */
    size_t grown_count, grown_room;
    int64_t grown_before; /* escapes whose places are forgotten */
    uint64_t repaired;    /* escapes and values */
};

/* Takes filtered bytes; a result other than 0 ends the call that led to it, which returns it. */
typedef int export_filter_out_fn(void *context, const char *bytes, size_t n);

void export_filter_init(struct export_filter *filter);  /* of memory with nothing in it yet */
void export_filter_begin(struct export_filter *filter); /* another document */
void export_filter_done(struct export_filter *filter);

int export_filter_feed(struct export_filter *filter, const char *bytes, size_t n,
                       export_filter_out_fn *out, void *context);
/* The document has ended: lets out what was held. */
int export_filter_end(struct export_filter *filter, export_filter_out_fn *out, void *context);

/* Where in the document the byte is that was let out at this offset. */
int64_t export_filter_offset(const struct export_filter *filter, int64_t offset);
/* Nobody will ask for offsets before this one. */
void export_filter_forget(struct export_filter *filter, int64_t offset);

#endif
