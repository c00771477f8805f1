#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/conf.h"
#include "lib/conf_value.h"
#include "lib/suggest.h"

struct part {
    const char *name;
    const char *kind;
    int64_t legs, wings;
};

struct box {
    const char *text;
    const char *slug;
    const char *secret;
    const char *word;
    bool flag;
    int64_t number, size, span;
    struct conf_texts texts, secrets;
    struct conf_pairs pairs;
    struct part inner;
    struct conf_list parts;
};

static const char *const words[] = {"red", "green", "blue", NULL};
static const char *const kinds[] = {"beast", "bird", NULL};

static const struct conf_key beast_keys[] = {
    {CONF_AT_INT(struct part, legs), .name = "legs", .fallback = "4", .most = 8}, {.name = NULL}};
static const struct conf_key bird_keys[] = {
    {CONF_AT_INT(struct part, wings), .name = "wings", .required = true, .most = 2},
    {.name = NULL}};
static const struct conf_variant kind_variants[] = {
    {"beast", beast_keys}, {"bird", bird_keys}, {NULL, NULL}};

static const struct conf_key part_keys[] = {{CONF_AT_TEXT(struct part, name), .name = "name"},
                                            {CONF_AT_CHOICE(struct part, kind), .name = "kind",
                                             .fallback = "beast", .words = kinds,
                                             .variants = kind_variants},
                                            {.name = NULL}};

static const struct conf_key keys[] = {
    {CONF_AT_TEXT(struct box, text), .name = "text", .fallback = "fallback"},
    {CONF_AT_TEXT(struct box, slug), .name = "slug", .pattern = "^[a-z]+$",
     .expected = "lower-case letters"},
    {CONF_AT_SECRET(struct box, secret), .name = "secret"},
    {CONF_AT_CHOICE(struct box, word), .name = "word", .fallback = "green", .words = words},
    {CONF_AT_BOOL(struct box, flag), .name = "flag", .fallback = "true"},
    {CONF_AT_INT(struct box, number), .name = "number", .least = -5, .most = 500},
    {CONF_AT_SIZE(struct box, size), .name = "size", .least = 0, .most = 1 << 30},
    {CONF_AT_DURATION(struct box, span), .name = "span", .fallback = "1m", .most = 86400000},
    {CONF_AT_TEXT_LIST(struct box, texts), .name = "texts", .pattern = "^[a-z]+$",
     .expected = "lower-case letters"},
    {CONF_AT_SECRET_LIST(struct box, secrets), .name = "secrets"},
    {CONF_AT_SECRET_MAP(struct box, pairs), .name = "pairs"},
    {CONF_AT_TABLE(struct box, inner, part_keys), .name = "inner"},
    {CONF_AT_TABLE_LIST(struct box, parts, part_keys, struct part), .name = "parts"},
    {.name = NULL}};

static void collect(void *context, const char *message)
{
    (void)buf_printf(context, "%s\n", message);
}

/* The faults of a text, each on its line. The caller frees. */
static char *faults_of(const char *yaml, size_t n, struct box *box, struct conf **conf_out)
{
    struct buf faults;
    struct err err;
    buf_init(&faults, 1 << 20);
    *box = (struct box){0};
    struct conf *conf = conf_new("dir/f.yaml");
    conf_read_text(conf, (struct str){yaml, n}, keys, box);
    enum rc rc = conf_end(conf, collect, &faults, &err);
    assert_int_equal(rc, faults.n > 0 ? RC_REJECT : RC_OK);
    (void)buf_add(&faults, "", 1);
    *conf_out = conf;
    return faults.p;
}

static void assert_faults(size_t i, const char *yaml, const char *expected)
{
    struct box box;
    struct conf *conf;
    char *faults = faults_of(yaml, strlen(yaml), &box, &conf);
    if (strcmp(faults, expected) != 0)
        fail_msg("case %zu\nexpected:\n%sfound:\n%s", i, expected, faults);
    free(faults);
    conf_free(&conf);
}

static void values_arrive(void **state)
{
    (void)state;
    static const char yaml[] =
        "text: \"a b\"\nslug: abc\nsecret: s3\nword: blue\nflag: false\n"
        "number: -5\nsize: 64KB\nspan: 500ms\ntexts: [c, d]\nsecrets: [a, 'b']\n"
        "pairs: {x.y: 1, z: no}\ninner: {kind: bird, wings: 2}\n"
        "parts:\n  - name: 0123\n  - {name: two, legs: 3}\n";
    struct box box;
    struct conf *conf;
    char *faults = faults_of(yaml, sizeof yaml - 1, &box, &conf);
    assert_string_equal(faults, "");
    assert_string_equal(box.text, "a b");
    assert_string_equal(box.slug, "abc");
    assert_string_equal(box.secret, "s3");
    assert_string_equal(box.word, "blue");
    assert_false(box.flag);
    assert_int_equal(box.number, -5);
    assert_int_equal(box.size, 64000);
    assert_int_equal(box.span, 500);
    assert_int_equal(box.texts.n, 2);
    assert_string_equal(box.texts.v[1], "d");
    assert_int_equal(box.secrets.n, 2);
    assert_string_equal(box.secrets.v[1], "b");
    assert_int_equal(box.pairs.n, 2);
    assert_string_equal(box.pairs.v[0].name, "x.y");
    assert_string_equal(box.pairs.v[1].value, "no");
    assert_int_equal(box.inner.wings, 2);
    assert_int_equal(box.parts.n, 2);
    const struct part *parts = box.parts.v;
    assert_string_equal(parts[0].name, "0123");
    assert_int_equal(parts[0].legs, 4);
    assert_int_equal(parts[1].legs, 3);
    free(faults);
    conf_free(&conf);
}

static void absent_keys_get_their_fallback(void **state)
{
    (void)state;
    struct box box;
    struct conf *conf;
    char *faults = faults_of("number: 1", 9, &box, &conf);
    assert_string_equal(faults, "");
    assert_string_equal(box.text, "fallback");
    assert_string_equal(box.word, "green");
    assert_true(box.flag);
    assert_int_equal(box.span, 60000);
    assert_int_equal(box.inner.legs, 4);
    assert_null(box.secret);
    free(faults);
    conf_free(&conf);
}

static void a_nul_byte_does_not_end_the_file(void **state)
{
    (void)state;
    static const char yaml[] = "text: a\nslug: b\0\nno_such_key: 1\n";
    struct box box;
    struct conf *conf;
    char *faults = faults_of(yaml, sizeof yaml - 1, &box, &conf);
    assert_string_equal(faults,
                        "dir/f.yaml:2:8: a NUL byte stands here; a pipeline file is text\n");
    free(faults);
    conf_free(&conf);
}

static void faults_have_their_place(void **state)
{
    (void)state;
#define AT "dir/f.yaml:"
    static const struct {
        const char *yaml, *faults;
    } cases[] = {
        /* keys */
        {"txet: a", AT "1:1: unknown key \"txet\"; did you mean \"text\"?\n"},
        {"inner:\n  nmae: x\n", AT "2:3: inner: unknown key \"nmae\"; did you mean \"name\"?\n"},
        {"completely_other: a", AT "1:1: unknown key \"completely_other\"\n"},
        {"text: a\nnumber: 1\ntext: b\n", AT "3:1: text: is given twice; the first is in line 1\n"},
        {"inner: {kind: bird, wings: 1, legs: 2}",
         AT "1:31: inner: \"legs\" belongs to kind beast, not to bird\n"},
        {"inner: {kind: bird}",
         AT "1:8: inner.wings: is missing; expected a whole number from 0 to 2\n"},
        {"inner: {kind: fish, wings: 1, legs: 2}",
         AT "1:15: inner.kind: expected one of beast or bird, found \"fish\"\n"},
        /* types */
        {"flag: yes", AT "1:7: flag: expected true or false, found \"yes\"; write true\n"},
        {"flag: no", AT "1:7: flag: expected true or false, found \"no\"; write false\n"},
        {"flag: On", AT "1:7: flag: expected true or false, found \"On\"\n"},
        {"flag: [true]", AT "1:7: flag: expected true or false, found a list\n"},
        {"number: 012", AT "1:9: number: expected a whole number from -5 to 500, found \"012\"\n"},
        {"number: 1_0", AT "1:9: number: expected a whole number from -5 to 500, found \"1_0\"\n"},
        {"number: 0x1", AT "1:9: number: expected a whole number from -5 to 500, found \"0x1\"\n"},
        {"number: 1.0", AT "1:9: number: expected a whole number from -5 to 500, found \"1.0\"\n"},
        {"number: 501", AT "1:9: number: expected a whole number from -5 to 500, found \"501\"\n"},
        {"number: 99999999999999999999", AT
         "1:9: number: expected a whole number from -5 to 500, found \"99999999999999999999\"\n"},
        {"number:", AT "1:1: number: expected a whole number from -5 to 500, found nothing\n"},
        {"size: 4 potatoes", AT "1:7: size: expected a size with its unit, such as 4MiB, from 0 to "
                                "1GiB, found \"4 potatoes\"\n"},
        {"span: 60", AT "1:7: span: expected a span of time with its unit, such as 60s, from 0ms "
                        "to 1d, found \"60\"\n"},
        {"span: 2d", AT "1:7: span: expected a span of time with its unit, such as 60s, from 0ms "
                        "to 1d, found \"2d\"\n"},
        {"word: Red", AT "1:7: word: expected one of red, green or blue, found \"Red\"\n"},
        {"slug: Abc", AT "1:7: slug: expected lower-case letters, found \"Abc\"\n"},
        {"text: null", AT "1:7: text: expected text, found nothing\n"},
        {"text: ~", AT "1:7: text: expected text, found nothing\n"},
        {"text: ''", AT "1:7: text: is empty; expected text\n"},
        {"text: {a: b}", AT "1:7: text: expected text, found a section\n"},
        {"inner: 3", AT "1:8: inner: expected a section, found \"3\"\n"},
        {"parts: {a: b}", AT "1:8: parts: expected a list of sections, found a section\n"},
        {"parts:\n  - [x]\n", AT "2:5: parts[0]: expected a section, found a list\n"},
        {"parts: [{name: a}, {name: []}]",
         AT "1:27: parts[1].name: expected text, found an empty list\n"},
        {"texts: [a, B]", AT "1:12: texts[1]: expected lower-case letters, found \"B\"\n"},
        {"secrets: []", AT "1:10: secrets: expected a list of texts, found an empty list\n"},
        {"secrets: hunter2", AT "1:10: secrets: expected a list of texts, found ***\n"},
        {"pairs: hunter2", AT "1:8: pairs: expected a section of names and values, found ***\n"},
        /* several, in the order of the file */
        {"parts:\n  - legs: 9\nflag: 1\ntxet: 1\n",
         AT "2:11: parts[0].legs: expected a whole number from 0 to 8, found \"9\"\n" AT
            "3:7: flag: expected true or false, found \"1\"; write true\n" AT
            "4:1: unknown key \"txet\"; did you mean \"text\"?\n"},
        /* the document */
        {"", AT "1:1: the file is empty; expected sections\n"},
        {"# only words\n", AT "1:1: the file is empty; expected sections\n"},
        {"[]", AT "1:1: expected a section, found an empty list\n"},
        {"a: 1\n---\nb: 2\n", AT "2:1: a second document begins here; a pipeline file holds one\n"},
        {"text: &x a\n", AT "1:10: anchors (&name) are not supported; write the value where it is "
                            "used\n"},
        {"text: !!str 1\n", AT "1:13: tags (!name) are not supported; write the plain value\n"},
        {"text: *x\n", AT "1:8: aliases (*name) are not supported; write the value again\n"},
        {"text: a\n%YAML 1.2\n",
         AT "2:1: directives (lines that begin with %) are not supported\n"},
        {"? [a]\n: b\n", AT "1:3: a key must be plain text, not a mapping or a list\n"},
        {"text: [a\n", AT "2:1: not valid YAML: flow sequence without a closing bracket\n"},
        {"inner:\n\tname: x\n",
         AT "2:1: not valid YAML: tab character may not be used as indentation\n"},
        {"text: [[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]", AT "1:22: nested too deeply\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_faults(i, cases[i].yaml, cases[i].faults);
}

static void byte_order_mark_and_line_ends(void **state)
{
    (void)state;
    struct box box;
    struct conf *conf;
    static const char yaml[] = "\xef\xbb\xbftext: a\r\nnumber: x\r\n";
    char *faults = faults_of(yaml, sizeof yaml - 1, &box, &conf);
    assert_string_equal(box.text, "a");
    assert_string_equal(faults,
                        AT "2:9: number: expected a whole number from -5 to 500, found \"x\"\n");
    free(faults);
    conf_free(&conf);
}

static void variables_are_replaced_in_values(void **state)
{
    (void)state;
    (void)setenv("CONF_SET", "v: [x]", 1);
    (void)setenv("CONF_EMPTY", "", 1);
    (void)unsetenv("CONF_UNSET");
    static const struct {
        const char *value, *expected; /* NULL: the fault */
        const char *fault;
    } cases[] = {
        {"${CONF_SET}", "v: [x]", NULL},
        {"a${CONF_SET}b${CONF_SET}", "av: [x]bv: [x]", NULL},
        {"${CONF_UNSET:-d e}", "d e", NULL},
        {"${CONF_EMPTY:-d}", "d", NULL},
        {"${CONF_SET:-d}", "v: [x]", NULL},
        {"${CONF_UNSET:-${CONF_SET}}", "v: [x]", NULL},
        {"$${CONF_SET}", "${CONF_SET}", NULL},
        {"a$$b", "a$b", NULL},
        {"${CONF_UNSET}", NULL,
         "environment variable CONF_UNSET is not set; set it, or write ${CONF_UNSET:-default}"},
        {"${CONF_UNSET:?ask the operator}", NULL,
         "environment variable CONF_UNSET is not set: ask the operator"},
        {"${CONF_EMPTY:?}", NULL, "environment variable CONF_EMPTY is not set: it is required"},
        {"${CONF_EMPTY}", NULL, "is empty; expected text"},
        {"${CONF_UNSET:-}", NULL, "is empty; expected text"},
        {"a$b", NULL, "a single $ has no meaning here; write $$ for a dollar sign, or ${NAME}"},
        {"a$", NULL, "a single $ has no meaning here; write $$ for a dollar sign, or ${NAME}"},
        {"${CONF_SET", NULL, "\"${\" has no closing \"}\""},
        {"${}", NULL,
         "what stands within ${...} has no meaning; expected ${NAME}, ${NAME:-default}, "
         "${NAME:?message} or ${file:PATH}; write $$ for a dollar sign"},
        {"${9A}", NULL,
         "what stands within ${...} has no meaning; expected ${NAME}, ${NAME:-default}, "
         "${NAME:?message} or ${file:PATH}; write $$ for a dollar sign"},
        {"${A:-${A1:-${A2:-${A3:-${A4:-x}}}}}", NULL, "${...} within ${...} is nested too deeply"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char yaml[256], expected[512] = "";
        struct box box;
        struct conf *conf;
        (void)snprintf(yaml, sizeof yaml, "secret: '%s'", cases[i].value);
        if (cases[i].fault != NULL)
            (void)snprintf(expected, sizeof expected, AT "1:9: secret: %s\n", cases[i].fault);
        char *faults = faults_of(yaml, strlen(yaml), &box, &conf);
        if (strcmp(faults, expected) != 0)
            fail_msg("case %zu\nexpected:\n%sfound:\n%s", i, expected, faults);
        if (cases[i].expected != NULL)
            assert_string_equal(box.secret, cases[i].expected);
        free(faults);
        conf_free(&conf);
    }
    assert_faults(900, "${CONF_SET}: 1", AT "1:1: unknown key \"${CONF_SET}\"\n");
    assert_faults(901, "number: '${CONF_SET}'",
                  AT "1:9: number: expected a whole number from -5 to 500, found \"${CONF_SET}\" "
                     "(once ${...} is replaced)\n");
    assert_faults(902, "text: \"a\\0b\"", AT "1:7: text: the value holds a NUL character\n");
}

static void write_file(const char *path, const char *bytes, size_t n)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    assert_int_equal(fclose(file), 0);
}

static void files_give_secrets(void **state)
{
    (void)state;
    char folder[] = "/tmp/sluice-conf-XXXXXX";
    static char large[64 * 1024 + 1];
    memset(large, 'x', sizeof large);
    assert_non_null(mkdtemp(folder));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(system("mkdir dir"), 0);
    write_file("dir/one", "s3\n", 3);
    write_file("dir/two", "s3\n\n", 4);
    write_file("dir/crlf", "s3\r\n", 4);
    write_file("dir/empty", "", 0);
    write_file("dir/newline", "\n", 1);
    write_file("dir/nul", "a\0b", 3);
    write_file("dir/large", large, sizeof large);
    static const struct {
        const char *name, *expected, *fault;
    } cases[] = {
        {"one", "s3", NULL},
        {"two", "s3\n", NULL},
        {"crlf", "s3", NULL},
        {"${CONF_NAME:-one}", "s3", NULL},
        {"empty", NULL, "\"dir/empty\" is empty; it should hold the value"},
        {"newline", NULL, "\"dir/newline\" is empty; it should hold the value"},
        {"nul", NULL, "the value holds a NUL character"},
        {"large", NULL, "\"dir/large\" is larger than 65536 bytes"},
        {"none", NULL, "cannot open \"dir/none\": No such file or directory"},
        {"/none", NULL, "cannot open \"/none\": No such file or directory"},
        {"", NULL, "${file:} names no file; write ${file:PATH}"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char yaml[256], expected[512] = "";
        struct box box;
        struct conf *conf;
        (void)snprintf(yaml, sizeof yaml, "secrets: ['${file:%s}']", cases[i].name);
        if (cases[i].fault != NULL)
            (void)snprintf(expected, sizeof expected, AT "1:11: secrets[0]: %s\n", cases[i].fault);
        char *faults = faults_of(yaml, strlen(yaml), &box, &conf);
        if (strcmp(faults, expected) != 0)
            fail_msg("case %zu\nexpected:\n%sfound:\n%s", i, expected, faults);
        if (cases[i].expected != NULL)
            assert_string_equal(box.secrets.v[0], cases[i].expected);
        free(faults);
        conf_free(&conf);
    }
    assert_int_equal(chdir("/"), 0);
    char command[64];
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

/* However it is wrong, the text of a secret stays out of every message. */
static void secrets_stay_unspoken(void **state)
{
    (void)state;
    (void)setenv("CONF_CANARY", "canary", 1);
    static const char *const cases[] = {
        "secret: [canary]",
        "secret: {a: canary}",
        "secrets: canary",
        "secrets: [[canary]]",
        "pairs: {a: [canary]}",
        "pairs: canary",
        "secret: 'a$canary'",
        "secret: '${canary!}'",
        "secret: '${canary'",
        "number: ${CONF_CANARY}",
        "slug: '${CONF_CANARY}1'",
        "word: ${CONF_CANARY}",
        "inner: ${CONF_CANARY}",
        "scret: canary",
        "secret: &canary canary",
        "secret: !!canary canary",
        "secret: canary\nsecret: canary",
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct box box;
        struct conf *conf;
        char *faults = faults_of(cases[i], strlen(cases[i]), &box, &conf);
        if (faults[0] == '\0' || strstr(faults, "canary") != NULL)
            fail_msg("case %zu: %s", i, faults);
        free(faults);
        conf_free(&conf);
    }
}

static void the_caller_adds_its_own(void **state)
{
    (void)state;
    struct buf faults;
    struct err err;
    struct box box = {0};
    buf_init(&faults, 1 << 16);
    struct conf *conf = conf_new("f.yaml");
    conf_read_text(conf, STR_LIT("text: a\nparts:\n  - {name: b}\n"), keys, &box);
    const struct part *parts = box.parts.v;
    assert_string_equal(conf_note(conf, &box.text, "is %d", 1), "f.yaml:1:7: text: is 1");
    conf_fault(conf, &parts[0].name, "is %s", "taken");
    conf_fault(conf, &box.text, "is odd");
    assert_int_equal(conf_end(conf, collect, &faults, &err), RC_REJECT);
    assert_string_equal(err.msg, "\"f.yaml\" has 2 faults");
    (void)buf_add(&faults, "", 1);
    assert_string_equal(faults.p,
                        "f.yaml:1:7: text: is odd\nf.yaml:3:12: parts[0].name: is taken\n");
    buf_done(&faults);
    conf_free(&conf);
    assert_null(conf);
    conf_free(&conf);
}

static void faults_are_counted_beyond_the_list(void **state)
{
    (void)state;
    struct buf yaml, faults;
    struct err err;
    struct box box = {0};
    buf_init(&yaml, 1 << 20);
    buf_init(&faults, 1 << 20);
    for (int i = 0; i < 150; i++)
        (void)buf_printf(&yaml, "zz%d: 1\n", i);
    struct conf *conf = conf_new("f.yaml");
    conf_read_text(conf, buf_peek(&yaml), keys, &box);
    assert_int_equal(conf_end(conf, collect, &faults, &err), RC_REJECT);
    assert_string_equal(err.msg, "\"f.yaml\" has 150 faults; only the first ones found are listed");
    conf_free(&conf);
    buf_done(&yaml);
    buf_done(&faults);
}

static void a_file_that_cannot_be_read(void **state)
{
    (void)state;
    struct err err;
    struct box box = {0};
    struct conf *conf = conf_new("/nowhere/f.yaml");
    assert_int_equal(conf_read(conf, keys, &box, &err), RC_REJECT);
    assert_string_equal(err.msg, "cannot open \"/nowhere/f.yaml\": No such file or directory");
    conf_free(&conf);
}

static void numbers_print_as_they_read(void **state)
{
    (void)state;
    static const char *const sizes[] = {"0", "1B", "1500B", "1KB", "1KiB", "4MiB", "1GB", "3GiB"};
    static const char *const spans[] = {"0ms", "1ms", "1500ms", "1s", "90s", "15m", "6h", "30d"};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        int64_t value;
        char text[CONF_VALUE_TEXT_BYTES];
        assert_true(conf_value_size(str_of(sizes[i]), &value));
        conf_value_print_size(value, text);
        assert_string_equal(text, sizes[i]);
        assert_true(conf_value_duration(str_of(spans[i]), &value));
        conf_value_print_duration(value, text);
        assert_string_equal(text, spans[i]);
    }
    int64_t value;
    assert_false(conf_value_size(STR_LIT("9223372036854775807KiB"), &value));
    assert_false(conf_value_size(STR_LIT("-1"), &value));
    assert_false(conf_value_size(STR_LIT("4mib"), &value));
    assert_false(conf_value_duration(STR_LIT("1h30m"), &value));
    assert_false(conf_value_int(STR_LIT("-"), &value));
    assert_false(conf_value_int(STR_LIT(""), &value));
    assert_false(conf_value_int(STR_LIT("+1"), &value));
}

static void suggestions(void **state)
{
    (void)state;
    assert_int_equal(suggest_distance(STR_LIT("kitten"), STR_LIT("sitting")), 3);
    assert_int_equal(suggest_distance(STR_LIT(""), STR_LIT("abc")), 3);
    assert_int_equal(suggest_distance(STR_LIT("same"), STR_LIT("same")), 0);
    struct suggest suggest = suggest_begin(STR_LIT("stauts"));
    suggest_offer(&suggest, "rollup");
    suggest_offer(&suggest, "status");
    assert_string_equal(suggest.best, "status");
    suggest = suggest_begin(STR_LIT("xyz"));
    suggest_offer(&suggest, "run");
    assert_null(suggest.best);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_arrive),
        cmocka_unit_test(absent_keys_get_their_fallback),
        cmocka_unit_test(faults_have_their_place),
        cmocka_unit_test(a_nul_byte_does_not_end_the_file),
        cmocka_unit_test(byte_order_mark_and_line_ends),
        cmocka_unit_test(variables_are_replaced_in_values),
        cmocka_unit_test(files_give_secrets),
        cmocka_unit_test(secrets_stay_unspoken),
        cmocka_unit_test(the_caller_adds_its_own),
        cmocka_unit_test(faults_are_counted_beyond_the_list),
        cmocka_unit_test(a_file_that_cannot_be_read),
        cmocka_unit_test(numbers_print_as_they_read),
        cmocka_unit_test(suggestions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
