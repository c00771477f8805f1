/* json.h: JSON texts, compact, escaped as yajl_gen escapes them.
 *
 * yajl_gen itself takes 2 us for a record (limits.md 1), most of it in going over every byte of
 * every name; that would be more than all the rest of normalizing.
 *
 * Writing: members with an absent value (p == NULL) are left out; texts must be storable already
 *          (text_clean). Numbers are written as they are, save those that PostgreSQL's jsonb could
 *          not hold, which become strings.
 * Owns:    its buffer; json_writer_peek is valid until the next reset.
 * Errors:  a text over the maximum given, or of more than 128 levels, is truncated to nothing:
 *          json_writer_peek gives STR_NULL.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_JSON_H
#define SLUICE_TRANSFORM_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/buf.h"
#include "lib/str.h"

struct json_writer;

struct json_writer *json_writer_new(size_t max_bytes);
void json_writer_free(struct json_writer **writer);
void json_writer_reset(struct json_writer *writer);
struct str json_writer_peek(const struct json_writer *writer);

void json_writer_open(struct json_writer *writer, bool is_array);
void json_writer_close(struct json_writer *writer, bool is_array);
void json_writer_null(struct json_writer *writer);
void json_writer_bool(struct json_writer *writer, bool value);
void json_writer_text(struct json_writer *writer, struct str text); /* also member names */
/* A value that is JSON already, as it is. */
void json_writer_raw(struct json_writer *writer, struct str json);
void json_writer_number(struct json_writer *writer, struct str number);

/* Whole members of the open object; nothing is written when the value is absent. */
void json_member_text(struct json_writer *writer, const char *name, struct str text);
void json_member_number(struct json_writer *writer, const char *name, struct str number);
void json_member_json(struct json_writer *writer, const char *name, struct str json);
void json_member_true(struct json_writer *writer, const char *name, bool value); /* false: none */

/* Appends the text as a JSON string, quotes included; byte for byte what json_writer_text writes.
 */
void json_add_text(struct buf *out, struct str text);

/* The text is a JSON number that jsonb can hold. */
bool json_is_number(struct str text);

#endif
