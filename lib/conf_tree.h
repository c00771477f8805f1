/* conf_tree.h: a YAML document as a tree of nodes that know their place in the file.
 *
 * What a pipeline file may hold is less than YAML: one document of mappings, sequences and scalars.
 * Anchors, aliases, tags, keys that are no plain text, and further documents are refused, so that
 * a file means what it looks like. Repeated keys are kept: the reader reports each of them.
 *
 * Owns:    nothing; nodes live in the arena.
 * Units:   line and column count from 1; the column counts characters.
 * Errors:  RC_REJECT with the place and the message of the first fault.
 * Threads: no state. */
#ifndef SLUICE_LIB_CONF_TREE_H
#define SLUICE_LIB_CONF_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

struct conf_mark {
    int line;
    int column;
};

enum conf_kind { CONF_SCALAR, CONF_MAPPING, CONF_SEQUENCE };

struct conf_node {
    enum conf_kind kind;
    struct conf_mark at;
    bool plain;              /* a scalar written without quotes */
    struct str text;         /* of a scalar; NUL-terminated */
    struct conf_node *key;   /* of a mapping's member */
    struct conf_node *first; /* children of a mapping or sequence */
    struct conf_node *last;
    struct conf_node *next;
    size_t count; /* of children */
};

struct conf_syntax_fault {
    struct conf_mark at;
    const char *message; /* in the arena */
};

/* root_out is NULL for a file without content (empty, or comments only). */
enum rc conf_tree_read(struct str yaml, struct arena *arena, struct conf_node **root_out,
                       struct conf_syntax_fault *fault_out) MUST_USE;

#endif
