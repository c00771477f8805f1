/* The merge rules in memory: the tables are well formed, and folding rows in any order, grouping
 * and number of times gives one row (canonical-model 2.6). */
#include "loaders/fold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { WIDEST = 64, ROWS = 5, ROUNDS = 2000 };

/* Small, so that a failure can be repeated by its seed. */
static uint32_t next_random(uint32_t *state)
{
    *state = *state * 1664525u + 1013904223u;
    return *state >> 8;
}

static void tables_are_well_formed(void **state)
{
    (void)state;
    for (int t = 0; t < TABLES; t++) {
        const struct table *table = table_get((enum table_id)t);
        assert_true(table_width(table) < WIDEST);
        for (size_t i = 0; i < table->key_count; i++)
            assert_int_equal(table->columns[i].rule, RULE_KEY);
        assert_int_not_equal(table->columns[table->key_count].rule, RULE_KEY);
        for (size_t i = 0; table->columns[i].name != NULL; i++) {
            const struct column *column = &table->columns[i];
            bool grouped = column->rule == RULE_GROUP || column->rule == RULE_GROUP_KEY;
            if (grouped != (table_group(table, column->group) != NULL))
                fail_msg("%s.%s names a group that the table does not have", table->name,
                         column->name);
        }
        for (size_t g = 0; g < table->group_count; g++) {
            const struct column *key = &table->columns[table->groups[g].key];
            if (key->rule != RULE_GROUP_KEY || key->group != table->groups[g].name)
                fail_msg("%s: group %c has the key %s", table->name, table->groups[g].name,
                         key->name);
        }
    }
}

static const char *const words[] = {"a", "b", "bb", ""};

/* One of a few values, so that equal keys and NULLs are common. Members of a group are a function
 * of its key, as equal versions are equal content; except for texts, where ties are decided. */
static union cell random_cell(enum cell_type type, uint32_t *seed)
{
    uint32_t r = next_random(seed) % 5;
    if (r == 4)
        return cell_null(type);
    union cell cell = cell_null(type);
    switch (type) {
    case CELL_UUID:
        cell.id.b[15] = (unsigned char)(r + 1);
        break;
    case CELL_TEXT:
    case CELL_JSON:
    case CELL_DECIMAL:
    case CELL_BYTES:
        cell.text = str_of(words[r]);
        break;
    case CELL_TEXT_LIST:
        break;
    case CELL_BOOL:
    case CELL_TRISTATE:
        cell.number = r % 2;
        break;
    default:
        cell.number = r;
        break;
    }
    return cell;
}

static uint32_t key_seed(const struct column *key, const union cell *cell)
{
    if (cell_is_null(key->type, cell))
        return 99;
    return key->type == CELL_BYTES
               ? (uint32_t)(cell->text.n * 7 + (cell->text.n ? (unsigned char)cell->text.p[0] : 0))
               : (uint32_t)cell->number;
}

static void random_row(const struct table *table, union cell *cells, uint32_t *seed)
{
    for (size_t i = 0; table->columns[i].name != NULL; i++)
        cells[i] = random_cell(table->columns[i].type, seed);
    for (size_t i = 0; table->columns[i].name != NULL; i++) {
        const struct column *column = &table->columns[i];
        if (column->rule == RULE_KEY || column->rule == RULE_FIXED || !column_is_staged(column))
            cells[i] = cell_null(column->type);
        const struct table_group *group = table_group(table, column->group);
        if (column->rule != RULE_GROUP)
            continue;
        uint32_t fixed = key_seed(&table->columns[group->key], &cells[group->key]);
        bool free_text = group->tie_text && column_breaks_tie(column, group->name);
        if (fixed == 99)
            cells[i] = cell_null(column->type);
        else if (!free_text)
            cells[i] = random_cell(column->type, &fixed);
    }
}

static bool rows_equal(const struct table *table, const union cell *a, const union cell *b,
                       const char **differs)
{
    for (size_t i = 0; table->columns[i].name != NULL; i++)
        if (cell_order(table->columns[i].type, &a[i], &b[i]) != 0 &&
            !(table->columns[i].type == CELL_TEXT && a[i].text.n == 0 && b[i].text.n == 0)) {
            *differs = table->columns[i].name;
            return false;
        }
    return true;
}

static void fold_in_order(const struct table *table, union cell rows[ROWS][WIDEST],
                          const size_t *order, size_t count, union cell *result)
{
    memcpy(result, rows[order[0]], WIDEST * sizeof *result);
    for (size_t i = 1; i < count; i++)
        fold_row(table, result, rows[order[i]]);
}

static void any_order_folds_to_one_row(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t seed = round * 7919 + 1;
        const struct table *table = table_get((enum table_id)(round % TABLES));
        union cell rows[ROWS][WIDEST];
        union cell straight[WIDEST];
        union cell shuffled[WIDEST];
        size_t order[2 * ROWS];
        for (size_t i = 0; i < ROWS; i++) {
            random_row(table, rows[i], &seed);
            order[i] = i;
        }
        fold_in_order(table, rows, order, ROWS, straight);
        for (size_t i = 0; i < ROWS; i++)
            order[i] = order[ROWS + i] = (i + round) % ROWS;
        for (size_t i = 2 * ROWS - 1; i > 0; i--) {
            size_t j = next_random(&seed) % (i + 1);
            size_t kept = order[i];
            order[i] = order[j];
            order[j] = kept;
        }
        fold_in_order(table, rows, order, 2 * ROWS, shuffled);
        const char *differs = "";
        if (!rows_equal(table, straight, shuffled, &differs))
            fail_msg("%s.%s depends on the order of folding (round %u)", table->name, differs,
                     round);
    }
}

static void grouping_does_not_matter(void **state)
{
    (void)state;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        uint32_t seed = round * 104729 + 3;
        const struct table *table = table_get((enum table_id)(round % TABLES));
        union cell rows[ROWS][WIDEST];
        union cell left[WIDEST];
        union cell right[WIDEST];
        for (size_t i = 0; i < 3; i++)
            random_row(table, rows[i], &seed);
        fold_in_order(table, rows, (const size_t[]){0, 1, 2}, 3, left); /* (a b) c */
        fold_row(table, rows[1], rows[2]);
        fold_in_order(table, rows, (const size_t[]){0, 1}, 2, right); /* a (b c) */
        const char *differs = "";
        if (!rows_equal(table, left, right, &differs))
            fail_msg("%s.%s depends on grouping (round %u)", table->name, differs, round);
    }
}

static union cell *message_cell(union cell *cells, const char *name)
{
    return &cells[table_column(table_get(TABLE_MESSAGES), name)];
}

static void empty_message(union cell *cells)
{
    const struct table *table = table_get(TABLE_MESSAGES);
    for (size_t i = 0; table->columns[i].name != NULL; i++)
        cells[i] = cell_null(table->columns[i].type);
}

static void failed_then_delivered_keeps_the_error_and_climbs(void **state)
{
    (void)state;
    union cell failed[WIDEST];
    union cell delivered[WIDEST];
    empty_message(failed);
    empty_message(delivered);
    message_cell(failed, "status")->text = STR_LIT("failed");
    message_cell(failed, "status_rank")->number = 15;
    message_cell(failed, "failed_at")->number = 50;
    message_cell(failed, "error_code")->text = STR_LIT("131026");
    message_cell(delivered, "status")->text = STR_LIT("delivered");
    message_cell(delivered, "status_rank")->number = 20;
    message_cell(delivered, "delivered_at")->number = 70;
    fold_row(table_get(TABLE_MESSAGES), failed, delivered);
    assert_true(str_is(message_cell(failed, "status")->text, "delivered"));
    assert_int_equal(message_cell(failed, "status_rank")->number, 20);
    assert_int_equal(message_cell(failed, "failed_at")->number, 50);
    assert_true(str_is(message_cell(failed, "error_code")->text, "131026"));
    assert_int_equal(message_cell(failed, "delivered_at")->number, 70);
}

static void a_newer_null_replaces_an_older_value(void **state)
{
    (void)state;
    union cell old[WIDEST];
    union cell new[WIDEST];
    empty_message(old);
    empty_message(new);
    message_cell(old, "content_ver")->text = STR_LIT("1111111111111111");
    message_cell(old, "text")->text = STR_LIT("hello");
    message_cell(new, "content_ver")->text = STR_LIT("2222222222222222");
    fold_row(table_get(TABLE_MESSAGES), old, new);
    assert_null(message_cell(old, "text")->text.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tables_are_well_formed),
        cmocka_unit_test(any_order_folds_to_one_row),
        cmocka_unit_test(grouping_does_not_matter),
        cmocka_unit_test(failed_then_delivered_keeps_the_error_and_climbs),
        cmocka_unit_test(a_newer_null_replaces_an_older_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
