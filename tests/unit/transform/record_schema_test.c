/* schemas/record.schema.json names the members and words of the field tables, no more, no fewer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <yajl/yajl_tree.h>

#include "transform/record.h"

static yajl_val schema;

static int read_schema(void **state)
{
    (void)state;
    static char text[1 << 18];
    FILE *file = fopen("schemas/record.schema.json", "re");
    if (file == NULL)
        return -1;
    size_t n = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    char reason[256];
    text[n] = '\0';
    schema = yajl_tree_parse(text, reason, sizeof reason);
    return schema != NULL ? 0 : -1;
}

static int free_schema(void **state)
{
    (void)state;
    yajl_tree_free(schema);
    return 0;
}

static yajl_val member(yajl_val object, const char *name)
{
    yajl_val value = yajl_tree_get(object, (const char *[]){name, NULL}, yajl_t_any);
    if (value == NULL)
        fail_msg("the schema has no \"%s\"", name);
    return value;
}

static void words_agree(const struct record_field *f, yajl_val property)
{
    yajl_val words = member(property, "enum");
    size_t n = 0;
    while (f->words[n] != NULL)
        n++;
    assert_int_equal(YAJL_GET_ARRAY(words)->len, n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(YAJL_GET_STRING(YAJL_GET_ARRAY(words)->values[i]), f->words[i]);
}

static bool lists(yajl_val array, const char *name)
{
    for (size_t i = 0; i < YAJL_GET_ARRAY(array)->len; i++)
        if (str_is(str_of(YAJL_GET_STRING(YAJL_GET_ARRAY(array)->values[i])), name))
            return true;
    return false;
}

static size_t fields_agree(const struct record_field *fields, yajl_val object)
{
    size_t count = 0;
    yajl_val properties = member(object, "properties");
    for (const struct record_field *f = fields; f->name != NULL; f++, count++) {
        yajl_val property = member(properties, f->name);
        bool always = f->required && (f->group == RECORD_GROUP_NONE || f->is_as_of);
        if (lists(member(object, "required"), f->name) != always)
            fail_msg("\"%s\" is required in one of schema and table only", f->name);
        if (f->type == RECORD_ENUM)
            words_agree(f, property);
        if (f->type == RECORD_LIST) {
            yajl_val items = member(property, "items");
            assert_int_equal(fields_agree(f->element, items),
                             YAJL_GET_OBJECT(member(items, "properties"))->len);
        }
    }
    return count;
}

static void every_kind_agrees_with_its_table(void **state)
{
    (void)state;
    for (int kind = 0; kind < RECORD_KINDS; kind++) {
        const char *name = record_kind_name((enum record_kind)kind);
        yajl_val object = member(member(schema, "$defs"), name);
        yajl_val properties = member(object, "properties");
        assert_string_equal(YAJL_GET_STRING(member(member(properties, "kind"), "const")), name);
        assert_string_equal(YAJL_GET_STRING(member(member(properties, "schema"), "const")),
                            RECORD_SCHEMA);
        size_t count = 2 + fields_agree(record_common_fields(), object) +
                       fields_agree(record_fields((enum record_kind)kind), object);
        assert_int_equal(YAJL_GET_OBJECT(properties)->len, count);
    }
}

static void every_kind_is_a_choice(void **state)
{
    (void)state;
    assert_int_equal(YAJL_GET_ARRAY(member(schema, "oneOf"))->len, RECORD_KINDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_agrees_with_its_table),
        cmocka_unit_test(every_kind_is_a_choice),
    };
    return cmocka_run_group_tests(tests, read_schema, free_schema);
}
