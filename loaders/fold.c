/* fold.c: see fold.h. */
#include "loaders/fold.h"

#include <string.h>

bool cell_is_null(enum cell_type type, const union cell *cell)
{
    switch (type) {
    case CELL_UUID:
        return uuid_is_none(&cell->id);
    case CELL_TEXT:
    case CELL_JSON:
    case CELL_DECIMAL:
    case CELL_BYTES:
        return cell->text.p == NULL;
    case CELL_TEXT_LIST:
        return cell->texts.list == NULL;
    default:
        return cell->number == INT64_MIN;
    }
}

union cell cell_null(enum cell_type type)
{
    union cell cell = {.id = UUID_NULL};
    if (type == CELL_TIME || type == CELL_INT || type == CELL_BOOL || type == CELL_TRISTATE)
        cell.number = INT64_MIN;
    return cell;
}

static int bytes_order(struct str a, struct str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n > 0 ? memcmp(a.p, b.p, n) : 0;
    if (order != 0)
        return order;
    return a.n < b.n ? -1 : a.n > b.n;
}

int cell_order(enum cell_type type, const union cell *a, const union cell *b)
{
    bool a_null = cell_is_null(type, a);
    bool b_null = cell_is_null(type, b);
    if (a_null || b_null)
        return a_null ? (b_null ? 0 : -1) : 1;
    switch (type) {
    case CELL_UUID:
        return uuid_order(&a->id, &b->id);
    case CELL_TEXT:
    case CELL_JSON:
    case CELL_DECIMAL:
    case CELL_BYTES:
        return bytes_order(a->text, b->text);
    case CELL_TEXT_LIST:
        return 0; /* never a key, never monotone */
    default:
        return a->number < b->number ? -1 : a->number > b->number;
    }
}

/* Keys are equal: the row whose texts are smaller, first member first, NULL as empty text. */
static bool texts_win(const struct table *table, char group, const union cell *into,
                      const union cell *from)
{
    static const union cell empty = {.text = {"", 0}};
    for (size_t i = 0; table->columns[i].name != NULL; i++) {
        const struct column *column = &table->columns[i];
        if (!column_breaks_tie(column, group))
            continue;
        const union cell *old = into[i].text.p != NULL ? &into[i] : &empty;
        const union cell *new = from[i].text.p != NULL ? &from[i] : &empty;
        int order = cell_order(CELL_TEXT, new, old);
        if (order != 0)
            return order < 0;
    }
    return false;
}

static bool group_wins(const struct table *table, const struct table_group *group,
                       const union cell *into, const union cell *from)
{
    enum cell_type type = table->columns[group->key].type;
    const union cell *old = &into[group->key];
    const union cell *new = &from[group->key];
    if (cell_is_null(type, new))
        return false;
    if (cell_is_null(type, old))
        return true;
    int order = cell_order(type, new, old);
    if (order == 0)
        return group->tie_text && texts_win(table, group->name, into, from);
    return group->smaller ? order < 0 : order > 0;
}

static void fold_groups(const struct table *table, union cell *into, const union cell *from)
{
    for (size_t g = 0; g < table->group_count; g++) {
        const struct table_group *group = &table->groups[g];
        if (!group_wins(table, group, into, from))
            continue;
        for (size_t i = 0; table->columns[i].name != NULL; i++)
            if (table->columns[i].group == group->name)
                into[i] = from[i];
    }
}

static void fold_smallest(enum cell_type type, union cell *into, const union cell *from)
{
    if (!cell_is_null(type, from) && (cell_is_null(type, into) || cell_order(type, from, into) < 0))
        *into = *from;
}

static void fold_greatest(enum cell_type type, union cell *into, const union cell *from)
{
    if (cell_order(type, from, into) > 0)
        *into = *from;
}

void fold_row(const struct table *table, union cell *into, const union cell *from)
{
    fold_groups(table, into, from);
    for (size_t i = 0; table->columns[i].name != NULL; i++) {
        const struct column *column = &table->columns[i];
        switch (column->rule) {
        case RULE_MIN:
        case RULE_AND:
        case RULE_FIRST_SEEN:
            fold_smallest(column->type, &into[i], &from[i]);
            break;
        case RULE_MAX:
        case RULE_OR:
        case RULE_LAST_SEEN:
            fold_greatest(column->type, &into[i], &from[i]);
            break;
        case RULE_FIXED: /* a row known by name only may lack what another states */
            if (cell_is_null(column->type, &into[i]))
                into[i] = from[i];
            break;
        default:
            break;
        }
    }
}
