/* table.h: what the loader knows of each table, in one place.
 *
 * One list of columns per table says where a value comes from in the record, how it is stored and
 * by which rule of canonical-model 6.2 two values merge. Three readers share it, so that they
 * cannot disagree: the fold of duplicates in memory (fold.h), the COPY encoder (copy.h) and the
 * merge statements (statement.h). A new column is one line here.
 *
 * Groups: columns of a group follow its key as a whole. The key decides who wins: a version or a
 * rank, the greater; a time, the smaller. That covers the field groups (profile, content, ...),
 * the status ladder, "with its key" and the append-only tables (the copy that arrived first
 * stays, whatever the order of loading).
 * Threads: constant tables. */
#ifndef SLUICE_LOADERS_TABLE_H
#define SLUICE_LOADERS_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"
#include "lib/uuid.h"
#include "transform/record.h"

enum table_id {
    TABLE_CONTACTS,
    TABLE_IDENTITIES,
    TABLE_AGENTS,
    TABLE_DEPARTMENTS,
    TABLE_CONVERSATIONS,
    TABLE_MESSAGES,
    TABLE_ATTACHMENTS,
    TABLE_STATUSES,
    TABLE_EVENTS,
    TABLE_CSAT,
    TABLE_ESCALATIONS,
    TABLES
};

/* How a cell holds its value, which is also how it is read from a record (offset) and staged. */
enum cell_type {
    CELL_UUID,      /* id */
    CELL_TEXT,      /* text */
    CELL_JSON,      /* text */
    CELL_DECIMAL,   /* text; staged as text, PostgreSQL converts */
    CELL_BYTES,     /* text */
    CELL_TIME,      /* number */
    CELL_INT,       /* number; staged as bigint, PostgreSQL checks the range */
    CELL_BOOL,      /* number 0 or 1; a bool in the record */
    CELL_TRISTATE,  /* number 0, 1 or none; an int64_t in the record */
    CELL_TEXT_LIST, /* texts; staged as text[] */
};

union cell {
    int64_t number;  /* INT64_MIN = NULL */
    struct uuid id;  /* zero = NULL */
    struct str text; /* p == NULL = NULL */
    struct {
        const struct str *list; /* NULL = NULL */
        size_t count;
    } texts;
};

enum column_rule {
    RULE_KEY,        /* of the row; comes first */
    RULE_FIXED,      /* identity: never changes */
    RULE_GROUP,      /* follows the key of its group */
    RULE_GROUP_KEY,  /* is the key of its group */
    RULE_MIN,        /* NULL loses */
    RULE_MAX,        /* NULL loses */
    RULE_OR,         /* true wins */
    RULE_AND,        /* false wins */
    RULE_FIRST_SEEN, /* MIN, but alone no reason to write */
    RULE_LAST_SEEN,  /* MAX, the same */
    RULE_CHANGES,    /* +1 with every effective change; not staged */
    RULE_TOMBSTONE,  /* not staged; cleared by a snapshot that is later, except after an erasure */
};

#define COLUMN_COMPUTED SIZE_MAX

struct column {
    const char *name;
    enum cell_type type;
    const char *sql_type;
    enum column_rule rule;
    char group;           /* names the group: RULE_GROUP, RULE_GROUP_KEY */
    const char *fallback; /* SQL instead of NULL, for NOT NULL columns; NULL = none */
    size_t offset;        /* in struct record, or COLUMN_COMPUTED */
};

#define TABLE_GROUPS_MAX 4

struct table_group {
    char name;
    size_t key;    /* index of its key column */
    bool smaller;  /* the smaller key wins (a time); else the greater */
    bool tie_text; /* equal keys: the smaller texts win, so that the order of loading cannot */
};

/* What the rest of the transaction must know of a changed row: the row's own columns, as SQL over
 * "t"; NULL = nothing. */
struct table_touch {
    const char *source; /* also the reason written to rollup_dirty_days */
    const char *conversation;
    const char *message;
    const char *direction;
    const char *day_of; /* a time; the day of its old and its new value are dirty */
};

struct table {
    const char *name;
    const struct column *columns; /* name == NULL ends */
    const struct table_group *groups;
    size_t group_count;
    size_t key_count;         /* the first columns; all uuid, but the ordinal of an attachment */
    bool fixed;               /* rows are only added */
    bool contended;           /* several loaders may insert one key: ON CONFLICT DO NOTHING */
    const char *insert_where; /* further condition on the staged row "s"; NULL = none */
    struct table_touch touch;
};

const struct table *table_get(enum table_id id);
/* Index of the column; the name must exist. */
size_t table_column(const struct table *table, const char *name);
size_t table_width(const struct table *table);
const struct table_group *table_group(const struct table *table, char name);

static inline bool column_is_staged(const struct column *column)
{
    return column->rule != RULE_CHANGES && column->rule != RULE_TOMBSTONE;
}

/* One of the texts that decide between equal keys of the group. Not one with a fallback: it is
 * stored otherwise than it was stated. */
static inline bool column_breaks_tie(const struct column *column, char group)
{
    return column->rule == RULE_GROUP && column->group == group && column->type == CELL_TEXT &&
           column->fallback == NULL;
}

#endif
