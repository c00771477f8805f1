#include "transform/jpath.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/limits.h"

struct item {
    struct jpath_element element;
    struct str name;
    struct str value;
};

struct part {
    struct str x;
};

struct root {
    struct str text, number, flag, scalar, json, deep;
    struct jpath_list items;
    struct item *one;
    struct part part;
    struct part boxed;
};

struct ended {
    struct jpath_element element;
    struct str id;
};

struct seen { /* what the end callback saw */
    struct jpath *jpath;
    struct arena *arena;
    struct buf text;
    enum rc answer;
};

static const struct jpath_rule item_rules[] = {
    JPATH_SCALAR("name", struct item, name),
    JPATH_NUMBER("", struct item, value),
    JPATH_RULES_END,
};

static const struct jpath_rule part_rules[] = {
    JPATH_STR("x", struct part, x),
    JPATH_RULES_END,
};

static const struct jpath_rule ended_rules[] = {
    JPATH_SCALAR("id", struct ended, id),
    JPATH_RULES_END,
};

static enum rc on_end(void *context, void *element, struct err *err)
{
    struct seen *seen = context;
    const struct ended *ended = element;
    struct str path = jpath_path(seen->jpath, seen->arena);
    (void)buf_printf(&seen->text, "%.*s=%.*s;", STR_ARGS(path), STR_ARGS(ended->id));
    return seen->answer == RC_OK ? RC_OK : err_set(err, seen->answer, "no");
}

static enum rc on_box(void *context, void *part, struct err *err)
{
    (void)err;
    struct seen *seen = context;
    (void)buf_printf(&seen->text, "box %.*s;", STR_ARGS(((const struct part *)part)->x));
    return RC_OK;
}

static const struct jpath_rule box_rules[] = {
    JPATH_STR("x", struct part, x),
    JPATH_END("ends[]", struct ended, ended_rules, on_end),
    JPATH_RULES_END,
};

static const struct jpath_rule root_rules[] = {
    JPATH_STR("text", struct root, text),
    JPATH_NUMBER("number", struct root, number),
    JPATH_BOOL("flag", struct root, flag),
    JPATH_SCALAR("scalar", struct root, scalar),
    JPATH_JSON("json", struct root, json),
    JPATH_SCALAR("json.inner", struct root, deep),
    JPATH_EACH("items", struct root, items, struct item, item_rules),
    JPATH_ONE("one", struct root, one, struct item, item_rules),
    JPATH_PART("part", struct root, part, struct part, part_rules),
    JPATH_END("outer[].ends[]", struct ended, ended_rules, on_end),
    JPATH_PART_END("boxes[]", struct root, boxed, struct part, box_rules, on_box),
    JPATH_RULES_END,
};

struct fixture {
    struct root root;
    struct seen seen;
    struct jpath *jpath;
    struct arena *arena;
    struct jpath_limits limits;
    struct err err;
};

static int set_up(void **state)
{
    struct fixture *f = xcalloc(1, sizeof *f);
    f->arena = arena_new("test", 1 * MIB);
    f->jpath = jpath_new(root_rules);
    f->limits = (struct jpath_limits){8, 1000, 100000};
    f->seen = (struct seen){.jpath = f->jpath, .arena = f->arena, .answer = RC_OK};
    buf_init(&f->seen.text, 4096);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    jpath_free(&f->jpath);
    arena_free(&f->arena);
    buf_done(&f->seen.text);
    free(f);
    return 0;
}

static enum rc read_pieces(struct fixture *f, struct str json, size_t piece)
{
    f->root = (struct root){0};
    arena_reset(f->arena);
    buf_reset(&f->seen.text);
    jpath_begin(f->jpath, &f->limits, f->arena, &f->root, &f->seen);
    enum rc rc = RC_OK;
    for (size_t at = 0; at < json.n && rc == RC_OK; at += piece)
        rc = jpath_feed(f->jpath, json.p + at, json.n - at < piece ? json.n - at : piece, &f->err);
    return rc == RC_OK ? jpath_finish(f->jpath, &f->err) : rc;
}

static enum rc read_json(struct fixture *f, const char *json)
{
    return read_pieces(f, str_of(json), strlen(json) + 1);
}

static void assert_str(struct str found, const char *expected)
{
    if (expected == NULL) {
        assert_null(found.p);
        return;
    }
    assert_non_null(found.p);
    if (!str_is(found, expected))
        fail_msg("found \"%.*s\", expected \"%s\"", STR_ARGS(found), expected);
}

static void test_types(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *value, *text, *number, *flag, *scalar;
    } cases[] = {
        {"\"a\"", "a", NULL, NULL, "a"},
        {"\"\"", "", NULL, NULL, ""},
        {"12345678901234567890123.50", NULL, "12345678901234567890123.50", NULL,
         "12345678901234567890123.50"},
        {"true", NULL, NULL, "true", "true"},
        {"false", NULL, NULL, "false", "false"},
        {"null", NULL, NULL, NULL, NULL},
        {"{\"text\":\"x\"}", NULL, NULL, NULL, NULL},
        {"[\"x\"]", NULL, NULL, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char json[400];
        (void)snprintf(
            json, sizeof json, "{\"text\":%s,\"number\":%s,\"flag\":%s,\"scalar\":%s,\"other\":%s}",
            cases[i].value, cases[i].value, cases[i].value, cases[i].value, cases[i].value);
        assert_int_equal(read_json(f, json), RC_OK);
        assert_str(f->root.text, cases[i].text);
        assert_str(f->root.number, cases[i].number);
        assert_str(f->root.flag, cases[i].flag);
        assert_str(f->root.scalar, cases[i].scalar);
    }
}

static void test_json_capture(void **state)
{
    struct fixture *f = *state;
    static const char *const cases[][3] = {
        /* value, captured, its member "inner" */
        {"{ \"a\" : [1, 2.50, {\"b\":null}], \"inner\" : 7 }",
         "{\"a\":[1,2.50,{\"b\":null}],\"inner\":7}", "7"},
        {"[]", "[]", NULL},
        {"\"a\\u0000\\\"\"", "\"a\xef\xbf\xbd\\\"\"", NULL},
        {"12.0", "12.0", NULL},
        {"1e999999", "\"1e999999\"", NULL}, /* jsonb cannot hold it as a number */
        {"true", "true", NULL},
        {"null", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char json[200];
        (void)snprintf(json, sizeof json, "{\"json\":%s}", cases[i][0]);
        assert_int_equal(read_json(f, json), RC_OK);
        assert_str(f->root.json, cases[i][1]);
        assert_str(f->root.deep, cases[i][2]);
    }
}

static void test_elements(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(read_json(f, "{\"items\":[{\"name\":\"a\"},null,5,{\"x\":{\"name\":\"no\"}}],"
                                  "\"one\":{\"name\":1},\"part\":{\"x\":\"y\"}}"),
                     RC_OK);
    assert_int_equal(f->root.items.count, 3);
    const struct item *item = (const void *)f->root.items.first;
    assert_str(item->name, "a");
    assert_int_equal(item->element.index, 0);
    assert_int_equal(item->element.offset, 11);
    item = (const void *)item->element.next;
    assert_str(item->name, NULL);
    assert_int_equal(item->element.index, 2);
    assert_str(item->value, "5");
    item = (const void *)item->element.next;
    assert_str(item->name, NULL);
    assert_int_equal(item->element.index, 3);
    assert_null(item->element.next);
    assert_str(f->root.one->name, "1");
    assert_str(f->root.part.x, "y");
}

static void test_last_member_wins(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(read_json(f,
                               "{\"text\":\"a\",\"text\":\"b\",\"number\":1,\"number\":null,"
                               "\"items\":[{}],\"items\":[{},{}],\"one\":{\"name\":1},\"one\":{},"
                               "\"part\":{\"x\":\"y\"},\"part\":{},\"json\":[1],\"json\":null}"),
                     RC_OK);
    assert_str(f->root.text, "b");
    assert_str(f->root.number, NULL);
    assert_int_equal(f->root.items.count, 2);
    assert_str(f->root.one->name, NULL);
    assert_str(f->root.part.x, NULL);
    assert_str(f->root.json, NULL);
}

static void test_end_knows_its_path(void **state)
{
    struct fixture *f = *state;
    const char *json = "{\"outer\":[{\"ends\":[{\"id\":1},{\"id\":2}]},{\"ends\":[{\"id\":3}]}]}";
    assert_int_equal(read_json(f, json), RC_OK);
    assert_str(buf_peek(&f->seen.text),
               "outer[0].ends[0]=1;outer[0].ends[1]=2;outer[1].ends[0]=3;");
    f->seen.answer = RC_RETRY; /* comes back unchanged */
    assert_int_equal(read_json(f, json), RC_RETRY);
    assert_str(buf_peek(&f->seen.text), "outer[0].ends[0]=1;");
}

/* What encloses elements lives outside the arena, and is told when it ends. */
static void test_parts_end(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(read_json(f, "{\"boxes\":[{\"x\":\"a\",\"ends\":[{\"id\":1}]},"
                                  "{\"ends\":[{\"id\":2}],\"x\":\"b\"},{}]}"),
                     RC_OK);
    assert_str(buf_peek(&f->seen.text), "boxes[0].ends[0]=1;box a;boxes[1].ends[0]=2;box b;box b;");
}

static void test_replacements_are_counted(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(read_json(f, "{\"items\":[{\"name\":\"a\\u0000b\\udc00\"},{\"name\":\"c\"}],"
                                  "\"unread\":\"\\u0000\"}"),
                     RC_OK);
    assert_int_equal(jpath_replaced(f->jpath), 2);
    const struct item *item = (const void *)f->root.items.first;
    assert_str(item->name, "a\xef\xbf\xbd"
                           "b\xef\xbf\xbd");
    assert_int_equal(item->element.replaced,
                     1); /* surrogates are replaced before elements are known */
    assert_int_equal(item->element.next->replaced, 0);
}

static void test_faults(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *json;
        enum jpath_fault_kind kind;
        const char *path;
        int64_t offset;
    } cases[] = {
        {"", JPATH_FAULT_SYNTAX, "", 0},
        {"  ", JPATH_FAULT_SYNTAX, "", 2},
        {"{\"items\":[{},{\"name\":}", JPATH_FAULT_SYNTAX, "items[1].name", 20},
        {"{\"items\":[{}", JPATH_FAULT_SYNTAX, "items[0]", 12},
        {"{} x", JPATH_FAULT_SYNTAX, "", 2},
        {"{\"text\":[[[[[[[[[]]]]]]]]]}", JPATH_FAULT_DEPTH, "", 16},
        {"{\"text\":\"\xff\"}", JPATH_FAULT_SYNTAX, "text", 10},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str json = str_of(cases[i].json);
        for (size_t piece = 1; piece <= json.n + 1; piece++) {
            assert_int_equal(read_pieces(f, json, piece), RC_REJECT);
            const struct jpath_fault *fault = jpath_fault(f->jpath);
            assert_int_equal(fault->kind, cases[i].kind);
            assert_str(fault->path, cases[i].path);
            assert_int_equal(fault->offset, cases[i].offset);
            assert_true(fault->detail.n > 0);
            assert_int_equal(jpath_feed(f->jpath, "{}", 2, &f->err), RC_OK); /* does nothing */
            assert_int_equal(jpath_finish(f->jpath, &f->err), RC_OK);
        }
    }
}

/* {"text":"aaaa..."} with n characters */
static struct str text_of(struct arena *arena, size_t n)
{
    char *fill = xmalloc(n + 1);
    memset(fill, 'a', n);
    fill[n] = '\0';
    struct str json = arena_printf(arena, "{\"text\":\"%s\"}", fill);
    free(fill);
    return json;
}

static void test_sizes(void **state)
{
    struct fixture *f = *state;
    struct arena *keep = arena_new("keep", 16 * MIB);
    static const struct {
        size_t n;
        enum rc rc;
    } cases[] = {{1000, RC_OK}, {1001, RC_REJECT}, {70000, RC_REJECT}, {200000, RC_REJECT}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct str json = text_of(keep, cases[i].n);
        for (size_t piece = 7; piece <= json.n; piece += json.n - 7) {
            assert_int_equal(read_pieces(f, json, piece), cases[i].rc);
            if (cases[i].rc == RC_OK)
                continue;
            assert_int_equal(jpath_fault(f->jpath)->kind, JPATH_FAULT_SIZE);
            assert_int_equal(jpath_fault(f->jpath)->offset, 7);
        }
    }
    f->limits.document_bytes = 10;
    assert_int_equal(read_json(f, "{\"x\":\"y\"} "), RC_OK);
    assert_int_equal(read_json(f, "{\"x\":\"y\"}  "), RC_REJECT);
    assert_int_equal(jpath_fault(f->jpath)->kind, JPATH_FAULT_SIZE);
    assert_int_equal(jpath_fault(f->jpath)->offset, 10);
    arena_free(&keep);
}

/* Texts of many slices are handed to the parser in ever larger pieces; nobody sees it. */
static void test_long_texts(void **state)
{
    struct fixture *f = *state;
    static const size_t pieces[] = {1000, 65536, 65537, SIZE_MAX};
    struct arena *keep = arena_new("keep", 16 * MIB);
    struct str text = text_of(keep, 3 * MIB);
    struct str json =
        arena_join(keep, (struct str[]){{text.p, text.n - 1}, STR_LIT(",\"y\":[1,}")}, 2);
    f->limits.string_bytes = f->limits.document_bytes = 8 * MIB;
    arena_free(&f->arena);
    f->arena = arena_new("large", 16 * MIB);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        assert_int_equal(read_pieces(f, text, pieces[i] < text.n ? pieces[i] : text.n), RC_OK);
        assert_int_equal(read_pieces(f, json, pieces[i] < json.n ? pieces[i] : json.n), RC_REJECT);
        assert_int_equal(jpath_fault(f->jpath)->kind, JPATH_FAULT_SYNTAX);
        assert_int_equal(jpath_fault(f->jpath)->offset, json.n - 2);
    }
    arena_free(&keep);
}

static void test_memory_cap(void **state)
{
    struct fixture *f = *state;
    struct buf json;
    buf_init(&json, 4 * MIB);
    (void)buf_add_text(&json, "{\"items\":[{}");
    while (json.n < 90000)
        (void)buf_add_text(&json, ",{}");
    (void)buf_add_text(&json, "]}");
    assert_int_equal(read_pieces(f, buf_peek(&json), json.n), RC_REJECT);
    assert_int_equal(jpath_fault(f->jpath)->kind, JPATH_FAULT_SIZE);
    buf_done(&json);
}

static void test_byte_order_mark(void **state)
{
    struct fixture *f = *state;
    for (size_t piece = 1; piece < 5; piece++) {
        assert_int_equal(read_pieces(f, STR_LIT("\xef\xbb\xbf{\"text\":\"a\"}"), piece), RC_OK);
        assert_str(f->root.text, "a");
        assert_int_equal(read_pieces(f, STR_LIT("\xef\xbb{}"), piece), RC_REJECT);
        assert_int_equal(read_pieces(f, STR_LIT("\xef\xbb"), piece), RC_REJECT);
    }
}

/* What a document gives, as one text. */
static struct str outcome(struct fixture *f, struct str json, size_t piece, struct buf *text)
{
    buf_reset(text);
    enum rc rc = read_pieces(f, json, piece);
    const struct root *root = &f->root;
    (void)buf_printf(text, "%d text=%.*s json=%.*s items=%zu ends=%.*s", (int)rc,
                     STR_ARGS(root->text), STR_ARGS(root->json), root->items.count,
                     STR_ARGS(buf_peek(&f->seen.text)));
    const struct jpath_fault *fault = jpath_fault(f->jpath);
    if (rc != RC_OK)
        (void)buf_printf(text, " %d %.*s %lld %.*s", (int)fault->kind, STR_ARGS(fault->path),
                         (long long)fault->offset, STR_ARGS(fault->detail));
    return buf_peek(text);
}

/* A document gives the same whatever was read before it, and however that ended. */
static void test_documents_are_apart(void **state)
{
    struct fixture *f = *state;
    static const char *const documents[] = {
        "{\"text\":\"a\\u00e9\",\"json\":{\"inner\":[1,null]}}",
        "{\"items\":[{\"name\":1},{\"name\":2}]}\n",
        "{}",
        "",
        " ",
        "12",
        "\"x\"",
        "null",
        "[1]",
        "{} ",
        "{} \"text",
        "{} tru",
        "{} 12",
        "{}{}",
        "{}}",
        "{},",
        "{} \"x\"",
        "{} /",
        "{}\xff",
        "{\"text\":\"a\"",
        "{\"text\":\"a",
        "{\"text\":tru",
        "{\"text\" 1}",
        "{\"text\":\"\\ud83d\"}",
        "\xef\xbb\xbf{\"text\":\"a\"}",
        "\xef\xbb",
        "{\"json\":[[[[[[[[[[1]]]]]]]]]]}",
    };
    static const size_t pieces[] = {1, 2, 5, 100};
    struct buf alone, after;
    buf_init(&alone, 1000);
    buf_init(&after, 1000);
    for (size_t piece = 0; piece < 4; piece++) {
        for (size_t i = 0; i < sizeof documents / sizeof documents[0]; i++) {
            for (size_t k = 0; k < sizeof documents / sizeof documents[0]; k++) {
                struct str second = str_of(documents[k]);
                jpath_free(&f->jpath);
                f->seen.jpath = f->jpath = jpath_new(root_rules);
                (void)outcome(f, second, pieces[piece], &alone);
                jpath_free(&f->jpath);
                f->seen.jpath = f->jpath = jpath_new(root_rules);
                (void)outcome(f, str_of(documents[i]), pieces[piece], &after);
                (void)outcome(f, second, pieces[piece], &after);
                if (!str_equal(buf_peek(&alone), buf_peek(&after)))
                    fail_msg("after \"%s\", in pieces of %zu, \"%s\" gives\n%.*s, alone\n%.*s",
                             documents[i], pieces[piece], documents[k], STR_ARGS(buf_peek(&after)),
                             STR_ARGS(buf_peek(&alone)));
            }
        }
    }
    buf_done(&alone);
    buf_done(&after);
}

static void test_one_value_is_a_document(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *json;
        int64_t offset;
        const char *detail;
    } cases[] = {
        {"{\"text\":\"a\"} {}", 12, "trailing garbage"},
        {"{} }", 2, "trailing garbage"},
        {"{} 12", 2, "trailing garbage"},
        {"{}\x01", 2, "trailing garbage"},
        {"12 null", 2, "trailing garbage"},
        {" ", 1, "premature EOF"},
        {"", 0, "premature EOF"},
        {"{\"text\":\"a\"", 11, "premature EOF"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t piece = 1; piece < 20; piece++) {
            assert_int_equal(read_json(f, "{}"), RC_OK);
            if (read_pieces(f, str_of(cases[i].json), piece) != RC_REJECT)
                fail_msg("case %zu was taken", i);
            const struct jpath_fault *fault = jpath_fault(f->jpath);
            if (fault->offset != cases[i].offset ||
                !str_is((struct str){fault->detail.p + strlen("parse error: "),
                                     fault->detail.n - strlen("parse error: ")},
                        cases[i].detail))
                fail_msg("case %zu, pieces of %zu: %.*s at %lld", i, piece, STR_ARGS(fault->detail),
                         (long long)fault->offset);
        }
    }
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_types),
        TEST(test_json_capture),
        TEST(test_elements),
        TEST(test_last_member_wins),
        TEST(test_end_knows_its_path),
        TEST(test_parts_end),
        TEST(test_replacements_are_counted),
        TEST(test_faults),
        TEST(test_sizes),
        TEST(test_long_texts),
        TEST(test_memory_cap),
        TEST(test_byte_order_mark),
        TEST(test_documents_are_apart),
        TEST(test_one_value_is_a_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
