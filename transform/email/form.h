/* form.h: bodies of multipart/form-data and application/x-www-form-urlencoded.
 *
 * Shape:   every part becomes a field, in their order. Of a file (a part with a file name) only
 * size and SHA-256 are kept. The boundary is that of the first line, since nobody gives the
 * header; line ends are those of the first line.
 * Owns:    the field being read; finished ones live in the arena.
 * Errors:  RC_REJECT = the body cannot be read further: form_fault says where and why. The result
 * never depends on how the bytes were cut.
 * Source:  reference/email.md 1.8, RFC 7578.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_EMAIL_FORM_H
#define SLUICE_TRANSFORM_EMAIL_FORM_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

enum form_kind { FORM_MULTIPART, FORM_URLENCODED };

struct form_field {
    struct form_field *next;
    struct str name;         /* as UTF-8; STR_NULL: none */
    struct str filename;     /* as UTF-8; STR_NULL: no file */
    struct str content_type; /* without parameters, as sent */
    struct str charset;
    struct str value; /* bytes as sent; STR_NULL: a file */
    int64_t size_bytes;
    struct str sha256; /* of a file, hex */
    int64_t offset;    /* of the part's or the name's beginning */
};

struct form_fault {
    bool is_too_large;
    struct str path; /* of the field */
    int64_t offset;
    struct str detail;
};

struct form;

struct form *form_new(void);
void form_free(struct form **form);
/* From here on only the fields of these names are kept, of the others nothing. names: borrowed,
 * ends with NULL. */
void form_keep_only(struct form *form, const char *const *names);

void form_begin(struct form *form, enum form_kind kind, struct arena *arena);
enum rc form_feed(struct form *form, const char *bytes, size_t n) MUST_USE;
enum rc form_finish(struct form *form) MUST_USE;

/* In the arena. */
const struct form_field *form_fields(const struct form *form);
/* After RC_REJECT. */
const struct form_fault *form_fault(const struct form *form);

/* The first field of the name; NULL: none. */
const struct form_field *form_find(const struct form_field *fields, const char *name);
const struct form_field *form_find_last(const struct form_field *fields, const char *name);

#endif
