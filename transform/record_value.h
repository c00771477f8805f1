/* record_value.h: one field of a record or of a list's element. Shared by the files record*.c.
 *
 * owner: the struct that the field's offset counts from.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_RECORD_VALUE_H
#define SLUICE_TRANSFORM_RECORD_VALUE_H

#include "transform/record.h"

/* Sets every field to NULL; the owner's bytes must be zero. */
void record_value_clear(const struct record_field *fields, void *owner);
/* A boolean that equals its "otherwise" counts as NULL: it is not written. */
bool record_value_is_null(const struct record_field *field, const void *owner);
/* Appends the value as JSON, without its name. */
void record_value_write(const struct record_field *field, const void *owner, struct buf *out);

#endif
