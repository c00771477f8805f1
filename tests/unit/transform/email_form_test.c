/* Forms of providers: cuts anywhere, limits, hostile input. */
#include <cmocka.h>

#include <stdlib.h>

#include "lib/buf.h"
#include "lib/limits.h"
#include "transform/email/form.h"

struct forms {
    struct form *form;
    struct arena *arena;
};

static int set_up(void **state)
{
    struct forms *forms = xcalloc(1, sizeof *forms);
    forms->form = form_new();
    forms->arena = arena_new("form", LIMIT_MAIL_PAYLOAD_BYTES);
    *state = forms;
    return 0;
}

static int tear_down(void **state)
{
    struct forms *forms = *state;
    form_free(&forms->form);
    arena_free(&forms->arena);
    free(forms);
    return 0;
}

/* In pieces of the size, each its own block, so that reading beyond it is seen. */
static enum rc read_pieces(struct forms *forms, enum form_kind kind, struct str body, size_t piece)
{
    arena_reset(forms->arena);
    form_begin(forms->form, kind, forms->arena);
    enum rc rc = RC_OK;
    for (size_t at = 0; at < body.n && rc == RC_OK; at += piece) {
        size_t n = body.n - at < piece ? body.n - at : piece;
        char *copy = xmalloc(n);
        memcpy(copy, body.p + at, n);
        rc = form_feed(forms->form, copy, n);
        free(copy);
    }
    return rc == RC_OK ? form_finish(forms->form) : rc;
}

static void assert_value(const struct forms *forms, const char *name, const char *value)
{
    const struct form_field *field = form_find(form_fields(forms->form), name);
    assert_non_null(field);
    assert_int_equal(field->value.n, strlen(value));
    assert_memory_equal(field->value.p, value, field->value.n);
}

#define PART(name, value)                                                                          \
    "--b\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"

static void multipart_cut_at_every_byte(void **state)
{
    struct forms *forms = *state;
    static const char text[] = PART("one", "a\r\n--\r\n--bc\r\n--b-\r\r\n--") PART("two", "")
        PART("three", "\r\n\r\n") "--b--\r\nepilogue --b";
    struct str body = STR_LIT(text);
    for (size_t cut = 0; cut <= body.n; cut++) {
        arena_reset(forms->arena);
        form_begin(forms->form, FORM_MULTIPART, forms->arena);
        assert_int_equal(form_feed(forms->form, body.p, cut), RC_OK);
        assert_int_equal(form_feed(forms->form, body.p + cut, body.n - cut), RC_OK);
        assert_int_equal(form_finish(forms->form), RC_OK);
        assert_value(forms, "one", "a\r\n--\r\n--bc\r\n--b-\r\r\n--");
        assert_value(forms, "two", "");
        assert_value(forms, "three", "\r\n\r\n");
    }
}

static void boundary_inside_a_boundary_s_tail(void **state)
{
    struct forms *forms = *state;
    struct str body = STR_LIT(PART("one", "x\r\n--b \r\n--b  y") "--b--");
    for (size_t piece = 1; piece < 8; piece++) {
        assert_int_equal(read_pieces(forms, FORM_MULTIPART, body, piece), RC_REJECT);
        assert_false(form_fault(forms->form)->is_too_large);
    }
    struct str tail = STR_LIT(PART("one", "x\r\n--b-\r\n--by") "--b--");
    for (size_t piece = 1; piece < 8; piece++) {
        assert_int_equal(read_pieces(forms, FORM_MULTIPART, tail, piece), RC_OK);
        assert_value(forms, "one", "x\r\n--b-\r\n--by");
    }
}

static void missing_end_is_refused(void **state)
{
    struct forms *forms = *state;
    const struct str bodies[] = {STR_LIT("--b\r\n"), STR_LIT(PART("one", "1")),
                                 STR_LIT(PART("one", "1") "--b"), STR_LIT(PART("one", "1") "--b-"),
                                 STR_LIT("--b\r\nContent-Disposition: form-data")};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_int_equal(read_pieces(forms, FORM_MULTIPART, bodies[i], 3), RC_REJECT);
        assert_int_equal(form_fault(forms->form)->offset, bodies[i].n);
    }
}

static void boundary_of_71_characters_is_refused(void **state)
{
    struct forms *forms = *state;
    char line[80] = "--";
    memset(line + 2, 'x', 71);
    memcpy(line + 73, "\r\n", 2);
    assert_int_equal(read_pieces(forms, FORM_MULTIPART, (struct str){line, 75}, 5), RC_REJECT);
    memcpy(line + 72, "\r\n", 2);
    assert_int_equal(read_pieces(forms, FORM_MULTIPART, (struct str){line, 74}, 5), RC_REJECT);
    assert_int_equal(form_fault(forms->form)->offset, 74); /* now only its end is missing */
}

static enum rc read_parts(struct forms *forms, size_t count)
{
    struct buf body;
    buf_init(&body, 64 * MIB);
    for (size_t i = 0; i < count; i++)
        (void)buf_add_text(&body, PART("p", "v"));
    (void)buf_add_text(&body, "--b--\r\n");
    enum rc rc = read_pieces(forms, FORM_MULTIPART, buf_peek(&body), 4096);
    buf_done(&body);
    return rc;
}

static void ten_thousand_parts_and_no_more(void **state)
{
    struct forms *forms = *state;
    assert_int_equal(read_parts(forms, LIMIT_FORM_PARTS), RC_OK);
    assert_int_equal(read_parts(forms, LIMIT_FORM_PARTS + 1), RC_REJECT);
    assert_true(form_fault(forms->form)->is_too_large);
}

static enum rc read_sized(struct forms *forms, const char *before, size_t n, const char *after,
                          size_t piece)
{
    struct buf body;
    buf_init(&body, 64 * MIB);
    (void)buf_add_text(&body, before);
    char *to = buf_reserve(&body, n);
    memset(to, 'x', n);
    body.n += n;
    (void)buf_add_text(&body, after);
    enum rc rc = read_pieces(forms, FORM_MULTIPART, buf_peek(&body), piece);
    buf_done(&body);
    return rc;
}

static void a_part_s_header_has_a_limit(void **state)
{
    struct forms *forms = *state;
    assert_int_equal(
        read_sized(forms, "--b\r\nX: ", LIMIT_FORM_HEADER_BYTES, "\r\n\r\n\r\n--b--", 1000),
        RC_REJECT);
    assert_true(form_fault(forms->form)->is_too_large);
    assert_int_equal(
        read_sized(forms, "--b\r\nX: ", LIMIT_FORM_HEADER_BYTES - 20, "\r\n\r\n\r\n--b--", 1000),
        RC_OK);
}

static void a_field_has_a_limit_at_the_same_place_however_cut(void **state)
{
    struct forms *forms = *state;
    static const size_t pieces[] = {4093, 65536, 64 * MIB};
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        assert_int_equal(
            read_sized(forms, "--b\r\n\r\n", LIMIT_MAIL_STRING_BYTES + 1, "\r\n--b--", pieces[i]),
            RC_REJECT);
        assert_true(form_fault(forms->form)->is_too_large);
        assert_int_equal(form_fault(forms->form)->offset, 5);
    }
}

static void a_file_s_bytes_are_not_kept(void **state)
{
    struct forms *forms = *state;
    assert_int_equal(read_sized(forms,
                                "--b\r\nContent-Disposition: form-data; name=\"f\"; "
                                "filename=\"f.bin\"\r\n\r\n",
                                50 * MIB, "\r\n--b--", 65536),
                     RC_OK);
    assert_int_equal(form_fields(forms->form)->size_bytes, 50 * MIB);
    assert_true(arena_used(forms->arena) < 64 * KIB);
}

static void names_in_every_spelling(void **state)
{
    struct forms *forms = *state;
    static const struct {
        const char *header, *name, *filename;
    } cases[] = {
        {"Content-Disposition: form-data; name=plain; filename=f.txt", "plain", "f.txt"},
        {"content-disposition: FORM-DATA; NAME=\"a;b\"; filename=\"c\\\"d\"", "a;b", "c\"d"},
        {"Content-Disposition: form-data;\r\n name=\"folded\"", "folded", NULL},
        {"Content-Disposition: form-data; name=\"a%22b\"; filename=\"50%25.txt\"", "a\"b",
         "50%25.txt"},
        {"Content-Disposition: form-data; name=\"x\"; filename=\"C:\\dir\\f.txt\"", "x",
         "C:\\dir\\f.txt"},
        {"Content-Disposition: form-data; name=\"x\"; filename*=UTF-8''gu%C3%ADa", "x", "guía"},
        {"Content-Disposition: form-data; name=\"x\"; filename*=broken", "x", NULL},
        {"Content-Disposition: form-data; name=\"open", "open", NULL},
        {"Content-Disposition", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf body;
        buf_init(&body, MIB);
        (void)buf_printf(&body, "--b\r\n%s\r\n\r\nv\r\n--b--", cases[i].header);
        assert_int_equal(read_pieces(forms, FORM_MULTIPART, buf_peek(&body), 7), RC_OK);
        const struct form_field *field = form_fields(forms->form);
        if (!str_equal(field->name, str_of(cases[i].name)) ||
            !str_equal(field->filename, str_of(cases[i].filename)))
            fail_msg("case %zu: name %.*s, filename %.*s", i, STR_ARGS(field->name),
                     STR_ARGS(field->filename));
        buf_done(&body);
    }
}

static void urlencoded_at_every_cut(void **state)
{
    struct forms *forms = *state;
    struct str body = STR_LIT("a=1+%2B&b=%c3%AD%&c&&=d&a=%zz%4");
    for (size_t piece = 1; piece <= body.n; piece++) {
        assert_int_equal(read_pieces(forms, FORM_URLENCODED, body, piece), RC_OK);
        assert_value(forms, "a", "1 +");
        assert_value(forms, "b", "í%");
        assert_value(forms, "c", "");
        assert_value(forms, "", "d");
        const struct form_field *last = form_find_last(form_fields(forms->form), "a");
        assert_true(str_is(last->value, "%zz%4"));
    }
}

static void urlencoded_names_have_a_limit(void **state)
{
    struct forms *forms = *state;
    char *name = xmalloc(LIMIT_FORM_HEADER_BYTES + 1);
    memset(name, 'n', LIMIT_FORM_HEADER_BYTES + 1);
    struct str body = {name, LIMIT_FORM_HEADER_BYTES + 1};
    assert_int_equal(read_pieces(forms, FORM_URLENCODED, body, 100), RC_REJECT);
    assert_true(form_fault(forms->form)->is_too_large);
    body.n--;
    assert_int_equal(read_pieces(forms, FORM_URLENCODED, body, 100), RC_OK);
    free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(multipart_cut_at_every_byte, set_up, tear_down),
        cmocka_unit_test_setup_teardown(boundary_inside_a_boundary_s_tail, set_up, tear_down),
        cmocka_unit_test_setup_teardown(missing_end_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(boundary_of_71_characters_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(ten_thousand_parts_and_no_more, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_part_s_header_has_a_limit, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_field_has_a_limit_at_the_same_place_however_cut, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_file_s_bytes_are_not_kept, set_up, tear_down),
        cmocka_unit_test_setup_teardown(names_in_every_spelling, set_up, tear_down),
        cmocka_unit_test_setup_teardown(urlencoded_at_every_cut, set_up, tear_down),
        cmocka_unit_test_setup_teardown(urlencoded_names_have_a_limit, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
