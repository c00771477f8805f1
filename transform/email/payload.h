/* payload.h: what the maps of all mail providers share: the kind of a body is seen by its first
 * bytes, JSON objects and the fields of a form are handed to the provider's reader.
 *
 * Kinds:   "{" one JSON object, "[" an array of them, "--" multipart/form-data, else urlencoded.
 * Owns:    parsers and the arena of the body's texts; an array's arenas are reset after each
 *          element, so that memory stays flat.
 * Errors:  what cannot be read is one reject of the document.
 * Threads: one owner.
 * Source:  reference/email.md 1. */
#ifndef SLUICE_TRANSFORM_EMAIL_PAYLOAD_H
#define SLUICE_TRANSFORM_EMAIL_PAYLOAD_H

#include "transform/email/emit.h"
#include "transform/email/form.h"
#include "transform/jpath.h"
#include "transform/json.h"
#include "transform/map.h"

enum payload_kind { PAYLOAD_UNKNOWN, PAYLOAD_OBJECT, PAYLOAD_LIST, PAYLOAD_FORM };

typedef enum rc payload_form_fn(struct map *map, const struct form_field *fields, struct err *err);

struct payload_reader {              /* of one provider and format */
    const struct jpath_rule *object; /* JPATH_END at "" */
    const struct jpath_rule *list;   /* JPATH_END at "[]" */
    const struct jpath_rule *inner;  /* of JSON within the JSON's texts; NULL: none is read */
    payload_form_fn *form;           /* NULL: forms are refused */
    bool is_sent;                    /* the sending side */
};

struct map {
    struct map_out *out;
    const struct payload_reader *reader;
    struct email_emitter *emitter;
    struct json_writer *json;
    struct arena *arena; /* texts of the body */
    struct jpath *object, *list, *inner, *fragment;
    struct form *form;
    enum payload_kind kind;
    size_t blanks; /* before the first byte, a byte-order mark apart */
    size_t bom;    /* bytes of a byte-order mark */
    int64_t fed;
    bool is_dead;
};

/* The tables of a reader whose object, alone or in an array, is an S. */
#define PAYLOAD_RULES(S, rules, callback)                                                          \
    static const struct jpath_rule object_rules[] = {JPATH_END("", S, rules, callback),            \
                                                     JPATH_RULES_END};                             \
    static const struct jpath_rule list_rules[] = {JPATH_END("[]", S, rules, callback),            \
                                                   JPATH_RULES_END};

/* What all their struct map_ops have alike. */
#define PAYLOAD_OPS                                                                                \
    .account_provider = "email_webhook", .begin = payload_begin, .feed = payload_feed,             \
    .end = payload_end, .close = payload_close

struct map *payload_open(struct map_out *out, const struct payload_reader *reader);
void payload_close(struct map *map);
void payload_begin(struct map *map);
enum rc payload_feed(struct map *map, const char *bytes, size_t n, struct err *err);
enum rc payload_end(struct map *map, struct err *err);

/* About the element being read; member: "" = the whole element. */
enum rc payload_reject(struct map *map, enum reject_code code, const char *member,
                       const char *detail, struct err *err) MUST_USE;
/* Where the element being read stands in the document, NUL-terminated; "" = the whole. */
const char *payload_path(const struct map *map);
int64_t payload_offset(const struct map *map);
/* Nothing that is kept: counted. */
enum rc payload_ignore(struct map *map);
/* What an end callback returns, with the result of its element. */
enum rc payload_done(struct map *map, enum rc rc);

/* JSON in a text, by the reader's inner rules. RC_REJECT: it cannot be read; err says why. */
enum rc payload_inner(struct map *map, struct str json, void *root, struct err *err) MUST_USE;
/* JSON of a form's field: compact and storable; STR_NULL: it is none. */
struct str payload_fragment(struct map *map, struct str json);

/* Empty texts of a provider are absent (canonical-model 2.4). */
static inline struct str payload_text(struct str text)
{
    return text.n > 0 ? text : STR_NULL;
}

#endif
