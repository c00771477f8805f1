/* rowset.c: see rowset.h. */
#include "loaders/rowset.h"

#include <stdlib.h>

#include "loaders/fold.h"

enum { FIRST_ROOM = 64 };

void rowset_init(struct rowset *set, enum table_id table, struct arena *arena)
{
    *set = (struct rowset){.table = table_get(table), .arena = arena};
    set->width = table_width(set->table);
}

static bool same_key(const struct table *table, const union cell *a, const union cell *b)
{
    for (size_t i = 0; i < table->key_count; i++)
        if (cell_order(table->columns[i].type, &a[i], &b[i]) != 0)
            return false;
    return true;
}

/* Ids are hashes already: any eight bytes of one spread well; an ordinal is small. */
static size_t key_hash(const struct table *table, const union cell *cells)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < table->key_count; i++) {
        uint64_t part = 0;
        memcpy(&part, &cells[i], sizeof part);
        hash = hash * UINT64_C(0x9E3779B97F4A7C15) + part;
    }
    return (size_t)(hash ^ (hash >> 32));
}

static uint32_t *find_slot(const struct rowset *set, const union cell *cells)
{
    size_t mask = set->slot_count - 1;
    size_t at = key_hash(set->table, cells) & mask;
    while (set->slots[at] != 0 && !same_key(set->table, set->rows[set->slots[at] - 1], cells))
        at = (at + 1) & mask;
    return &set->slots[at];
}

static enum rc grow(struct rowset *set, struct err *err)
{
    size_t room = set->room == 0 ? FIRST_ROOM : 2 * set->room;
    union cell **rows = arena_alloc(set->arena, room * sizeof *rows);
    uint32_t *slots = arena_alloc(set->arena, 2 * room * sizeof *slots);
    if (rows == NULL || slots == NULL)
        return err_set(err, RC_REJECT, "a batch has more rows of %s than fit into memory",
                       set->table->name);
    for (size_t i = 0; i < set->count; i++)
        rows[i] = set->rows[i];
    set->rows = rows;
    set->room = room;
    set->slots = slots;
    set->slot_count = 2 * room;
    for (size_t i = 0; i < set->count; i++)
        *find_slot(set, set->rows[i]) = (uint32_t)(i + 1);
    return RC_OK;
}

enum rc rowset_add(struct rowset *set, const union cell *cells, struct err *err)
{
    if (set->count == set->room) {
        enum rc rc = grow(set, err);
        if (rc != RC_OK)
            return rc;
    }
    uint32_t *slot = find_slot(set, cells);
    if (*slot != 0) {
        fold_row(set->table, set->rows[*slot - 1], cells);
        return RC_OK;
    }
    union cell *row = arena_alloc(set->arena, set->width * sizeof *row);
    if (row == NULL)
        return err_set(err, RC_REJECT, "a batch has more rows of %s than fit into memory",
                       set->table->name);
    memcpy(row, cells, set->width * sizeof *row);
    set->rows[set->count++] = row;
    *slot = (uint32_t)set->count;
    return RC_OK;
}

static int compare_rows(const void *a, const void *b, void *context)
{
    const struct table *table = context;
    const union cell *left = *(union cell *const *)a;
    const union cell *right = *(union cell *const *)b;
    for (size_t i = 0; i < table->key_count; i++) {
        int order = cell_order(table->columns[i].type, &left[i], &right[i]);
        if (order != 0)
            return order;
    }
    return 0;
}

void rowset_sort(struct rowset *set)
{
    if (set->count > 1)
        qsort_r(set->rows, set->count, sizeof(union cell *), compare_rows, (void *)set->table);
}
