/* jpath.h: a table of path rules over yajl: JSON bytes to structs, without a tree.
 *
 *     static const struct jpath_rule message_rules[] = {
 *         JPATH_SCALAR("id", struct message, id),
 *         JPATH_STR("text.body", struct message, text),
 *         JPATH_JSON("context", struct message, context),
 *         JPATH_RULES_END};
 *     static const struct jpath_rule document_rules[] = {
 *         JPATH_EACH("messages", struct document, messages, struct message, message_rules),
 *         JPATH_RULES_END};
 *
 * Rules are compiled into a tree once; unknown members cost one failed lookup. A path is member
 * names joined by dots; "name[]" steps into the elements of an array. Values are struct str fields
 * of the struct that encloses them: the document's root, or the nearest JPATH_EACH or JPATH_ONE
 * element, which are zeroed structs beginning with struct jpath_element.
 *
 * Reading: null counts as absent; of a repeated member the last wins; a byte-order mark is skipped;
 *          a value of a type that its rule does not take counts as absent; numbers stay text.
 *          Every string read is made storable (text_clean), lone surrogate escapes are replaced
 *          before the parser (surrogate.h), and replacements are counted.
 * Owns:    the parser. Texts and elements live in the arena given to jpath_begin.
 * Errors:  RC_REJECT = this document cannot be read further: jpath_fault says where and why; later
 *          feeds of the document do nothing. Any other result came from an end callback.
 *          The result never depends on how the bytes were cut.
 * Threads: one owner; rule tables are shared and constant. */
#ifndef SLUICE_TRANSFORM_JPATH_H
#define SLUICE_TRANSFORM_JPATH_H

#include <stddef.h>
#include <stdint.h>

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

enum jpath_types { /* which JSON scalars a rule takes */
                   JPATH_TAKES_STRING = 1,
                   JPATH_TAKES_NUMBER = 2,
                   JPATH_TAKES_BOOL = 4, /* as "true" and "false" */
                   JPATH_TAKES_SCALAR = JPATH_TAKES_STRING | JPATH_TAKES_NUMBER | JPATH_TAKES_BOOL
};

enum jpath_kind {
    JPATH_K_TEXT,
    JPATH_K_JSON,
    JPATH_K_EACH,
    JPATH_K_ONE,
    JPATH_K_PART,
    JPATH_K_END
};

/* First member of every struct that JPATH_EACH or JPATH_ONE makes. */
struct jpath_element {
    struct jpath_element *next; /* JPATH_EACH: the element after it */
    int64_t index;              /* JPATH_EACH: place in its array */
    int64_t offset;             /* byte offset in the document, just after its opening */
    uint64_t replaced;          /* in the texts inside it; lone surrogates apart */
};

struct jpath_list {
    struct jpath_element *first, *last;
    size_t count;
};

/* RC_REJECT: the arena's cap was reached. */
typedef enum rc jpath_end_fn(void *context, void *element, struct err *err);

struct jpath_rule {
    const char *path;
    enum jpath_kind kind;
    unsigned types;
    size_t offset;                  /* of the field in the enclosing struct */
    size_t element_bytes;           /* EACH, ONE */
    const struct jpath_rule *rules; /* EACH, ONE, PART */
    jpath_end_fn *end;
};

/* A wrong field type does not compile. */
#define JPATH_OFFSET(S, field, T)                                                                  \
    (offsetof(S, field) + 0 * sizeof(char[_Generic(((S *)0)->field, T : 1)]))

/* Its struct jpath_element must come first. */
#define JPATH_ELEMENT_BYTES(E)                                                                     \
    (sizeof(E) + 0 * sizeof(char[offsetof(E, element) == 0 ? 1 : -1]) +                            \
     0 * JPATH_OFFSET(E, element, struct jpath_element))

#define JPATH_TEXT(path, types, S, field)                                                          \
    {                                                                                              \
        (path), JPATH_K_TEXT, (types), JPATH_OFFSET(S, field, struct str), 0, NULL, NULL           \
    }
#define JPATH_STR(path, S, field) JPATH_TEXT(path, JPATH_TAKES_STRING, S, field)
#define JPATH_NUMBER(path, S, field) JPATH_TEXT(path, JPATH_TAKES_NUMBER, S, field)
#define JPATH_BOOL(path, S, field) JPATH_TEXT(path, JPATH_TAKES_BOOL, S, field)
/* Scalar as text, whatever its type. */
#define JPATH_SCALAR(path, S, field) JPATH_TEXT(path, JPATH_TAKES_SCALAR, S, field)
/* The value as compact JSON, scalars included. Not inside another JPATH_JSON. */
#define JPATH_JSON(path, S, field)                                                                 \
    {                                                                                              \
        (path), JPATH_K_JSON, 0, JPATH_OFFSET(S, field, struct str), 0, NULL, NULL                 \
    }
/* Every element of the array becomes an E in the list. An element that is no object gives an E
 * without values; a rule of E with the path "" takes one that is a scalar. */
#define JPATH_EACH(path, S, field, E, element_rules)                                               \
    {                                                                                              \
        (path), JPATH_K_EACH, 0, JPATH_OFFSET(S, field, struct jpath_list),                        \
            JPATH_ELEMENT_BYTES(E), (element_rules), NULL                                          \
    }
/* The object becomes an E behind the pointer. */
#define JPATH_ONE(path, S, field, E, element_rules)                                                \
    {                                                                                              \
        (path), JPATH_K_ONE, 0, JPATH_OFFSET(S, field, E *), JPATH_ELEMENT_BYTES(E),               \
            (element_rules), NULL                                                                  \
    }
/* The rules apply to a struct embedded in the enclosing one; path "" = to the same object. */
#define JPATH_PART(path, S, field, E, part_rules)                                                  \
    {                                                                                              \
        (path), JPATH_K_PART, 0, JPATH_OFFSET(S, field, E), 0, (part_rules), NULL                  \
    }
/* The same, and the embedded struct is handed to the callback when the object ends; it keeps its
 * values until they are read anew. For what encloses elements between which the arena is reset. */
#define JPATH_PART_END(path, S, field, E, part_rules, callback)                                    \
    {                                                                                              \
        (path), JPATH_K_PART, 0, JPATH_OFFSET(S, field, E), 0, (part_rules), (callback)            \
    }
/* Every object there becomes an E that is handed to the callback when the object ends, with all its
 * members read, and is kept by nobody else. A scalar or an array there gives an E without values;
 * null gives nothing. */
#define JPATH_END(path, E, element_rules, callback)                                                \
    {                                                                                              \
        (path), JPATH_K_END, 0, 0, sizeof(E) + 0 * JPATH_OFFSET(E, element, struct jpath_element), \
            (element_rules), (callback)                                                            \
    }
#define JPATH_RULES_END                                                                            \
    {                                                                                              \
        NULL, JPATH_K_TEXT, 0, 0, 0, NULL, NULL                                                    \
    }

struct jpath_limits {
    size_t depth;
    size_t string_bytes;
    size_t document_bytes;
};

enum jpath_fault_kind { JPATH_FAULT_SYNTAX, JPATH_FAULT_DEPTH, JPATH_FAULT_SIZE };

struct jpath_fault {
    enum jpath_fault_kind kind;
    struct str path; /* of the value around the fault, as far as rules know it */
    int64_t offset;
    struct str detail;
};

struct jpath;

/* rules: a table that outlives the jpath. A rule that contradicts another is a broken invariant. */
struct jpath *jpath_new(const struct jpath_rule *rules);
void jpath_free(struct jpath **jpath);

/* Starts a document: root is filled with values, context is handed to the callbacks. */
void jpath_begin(struct jpath *jpath, const struct jpath_limits *limits, struct arena *arena,
                 void *root, void *context);
enum rc jpath_feed(struct jpath *jpath, const char *bytes, size_t n, struct err *err) MUST_USE;
enum rc jpath_finish(struct jpath *jpath, struct err *err) MUST_USE;

/* After RC_REJECT; valid until the next jpath_begin. */
const struct jpath_fault *jpath_fault(const struct jpath *jpath);
/* The path of the value being read, "entry[0].changes[1]"; for end callbacks. In the arena. */
struct str jpath_path(const struct jpath *jpath, struct arena *arena);
int64_t jpath_offset(const struct jpath *jpath);
/* Characters replaced by U+FFFD since jpath_begin. */
uint64_t jpath_replaced(const struct jpath *jpath);

#endif
