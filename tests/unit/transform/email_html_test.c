#include "transform/email/html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/limits.h"

#define HOSTILE_BYTES (2 * MIB)
#define HOSTILE_SECONDS_MOST 20 /* quadratic time would take minutes */

struct html_case {
    const char *html, *text;
};

static const struct html_case cases[] = {
    {"<p>uno<p>dos", "uno\ndos\n"},
    {"uno<br>dos<br/>tres", "uno\ndos\ntres\n"},
    {"Hola<div><br></div><div>x</div><div><div>y</div></div><div>z</div>", "Hola\n\nx\ny\nz\n"},
    {"a<br><br><br><br>b", "a\n\nb\n"},
    {"<h1>T</h1><blockquote>q</blockquote>fin", "T\nq\nfin\n"},
    {"<ul><li>a<li>b</ul>c", "- a\n- b\nc\n"},
    {"<table><tr><td>1</td><td>2</td></tr><tr><th>3</th></tr></table>", "1\t2\n3\n"},
    {"<a href=\"https://x.example/\">enlace</a>", "enlace\n"},
    {"<img alt=\"logo\" src=x> <img src=y>", "logo\n"},
    {"<head><title>t</title><style>p{}</style></head><body>b<script>var a='<b>';</script></body>",
     "b"},
    {"<div style=\"color:red; DISPLAY : none\">oculto</div>visto", "visto\n"},
    {"a<span style='display:none'><b>x</b></span>b", "ab\n"},
    {"<!-- c --><!--[if mso]>x<![endif]--><![if !mso]>y<![endif]>z", "yz\n"},
    {"<pre>a\n  b</pre>  c   d", "a\n  b\nc d\n"},
    {"&lt;a&gt; &amp; &eacute; &#233; &#xe9; &euro; &#150; &#x80;", "<a> & é é é € – €\n"},
    {"a&nbsp;&nbsp;b", "a b\n"},
    {"1 < 2 <3 <p>&unknown; & x", "1 < 2 <3\n&unknown; & x\n"},
    {"a\xE2\x80\x8B\xEF\xBB\xBF\xC2\xAD\xC2\xAD"
     "b",
     "ab\n"},
    {"Hola&zwnj;&nbsp;&zwnj;&nbsp;&zwnj;&nbsp;<p>x", "Hola\nx\n"},
    {"\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB",
     "\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x92\xBB\n"},
    {"a</body></html>pie<p>x", "apie\nx\n"},
    {"<p title=\"a>b\">q</p>", "q\n"},
    {"<meta charset=iso-8859-1>\xC3\xA9", "é\n"},
    {"<o:p>&nbsp;</o:p>", ""},
    {"", ""},
};

static void turns_markup_into_text(void **state)
{
    (void)state;
    struct arena *arena = arena_new("test", 1 * MIB);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct html_text found;
        assert_true(html_read(arena, str_of(cases[i].html), &found));
        while (found.text.n > 0 && found.text.p[found.text.n - 1] == '\n')
            found.text.n--;
        struct str expected = str_of(cases[i].text);
        while (expected.n > 0 && expected.p[expected.n - 1] == '\n')
            expected.n--;
        if (!str_equal(found.text, expected))
            fail_msg("case %zu \"%s\": \"%.*s\"", i, cases[i].html, STR_ARGS(found.text));
        assert_false(found.is_quoting);
    }
    arena_free(&arena);
}

static const char *const marks[] = {
    "<div class=\"gmail_quote\">",
    "<div class=\"gmail_quote gmail_quote_container\">",
    "<div dir=ltr class='x gmail_attr'>",
    "<blockquote type=\"cite\">",
    "<div class=\"moz-cite-prefix\">",
    "<div id=\"appendonsend\"></div><div>",
    "<div id=\"divRplyFwdMsg\">",
    "<div id=\"mail-editor-reference-message-container\">",
    "<div class=\"yahoo_quoted\">",
    "<div id=\"yahoo_quoted_123\">",
    "<div class=\"protonmail_quote\">",
    "<span id=\"OLK_SRC_BODY_SECTION\">",
    "<hr data-marker=\"__DIVIDER__\"><div>",
    "<div style=\"border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm\">",
    "<div style='border:none; border-top:solid #B5C4DF 1.0pt'>",
    "<div name=\"quote\">",
};

static void finds_where_every_program_quotes(void **state)
{
    (void)state;
    struct arena *arena = arena_new("test", 1 * MIB);
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        struct html_text found;
        struct str html = arena_printf(arena, "<p>nuevo</p>%sviejo", marks[i]);
        assert_true(html_read(arena, html, &found));
        if (!found.is_quoting || found.quote_at != strlen("nuevo\n"))
            fail_msg("%s: %d at %zu", marks[i], found.is_quoting, found.quote_at);
    }
    arena_free(&arena);
}

/* ---- hostile input ---- */

static struct str repeated(char *bytes, const char *one)
{
    size_t n = strlen(one), at = 0;
    for (; at + n <= HOSTILE_BYTES; at += n)
        memcpy(bytes + at, one, n);
    return (struct str){bytes, at};
}

static const char *const hostile[] = {
    "<b>",
    "<div>",
    "</i>",
    "<",
    "<a",
    "<a/",
    "<!--",
    "<!--->",
    "&",
    "&#",
    "<![",
    "<a x=\"",
    "<li>",
    "<table><tr><td>",
    "\xE2\x80\x8C\xC2\xA0",
    "<p>",
    "</html>",
    "<form>",
    "<a x='<a y=\"",
    "<script>",
    "<font><p></b>",
};

static void takes_time_by_size_alone(void **state)
{
    (void)state;
    char *bytes = malloc(HOSTILE_BYTES);
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        struct arena *arena = arena_new("test", 16 * MIB);
        int64_t begin = clock_monotonic_us();
        struct html_text found;
        assert_true(html_read(arena, repeated(bytes, hostile[i]), &found));
        if (clock_monotonic_us() - begin > HOSTILE_SECONDS_MOST * US_PER_SECOND)
            fail_msg("%s takes too long", hostile[i]);
        arena_free(&arena);
    }
    free(bytes);
}

/* libxml2 compares every attribute with all before it. */
static void leaves_out_a_tag_of_very_many_attributes(void **state)
{
    (void)state;
    struct arena *arena = arena_new("test", 16 * MIB);
    struct buf html;
    buf_init(&html, 4 * MIB);
    (void)buf_add_text(&html, "antes <a");
    for (int i = 0; i < 200000; i++)
        (void)buf_printf(&html, " a%d=1", i);
    (void)buf_add_text(&html, ">despu\xC3\xA9s");
    struct html_text found;
    int64_t begin = clock_monotonic_us();
    assert_true(html_read(arena, buf_peek(&html), &found));
    assert_true(clock_monotonic_us() - begin < HOSTILE_SECONDS_MOST * US_PER_SECOND / 4);
    assert_non_null(memmem(found.text.p, found.text.n, "antes despu\xC3\xA9s", 14));
    buf_done(&html);
    arena_free(&arena);
}

/* The text within thousands of open elements is not lost. */
static void keeps_the_text_of_deep_nesting(void **state)
{
    (void)state;
    struct arena *arena = arena_new("test", 16 * MIB);
    struct buf html;
    buf_init(&html, 4 * MIB);
    for (int i = 0; i < 20000; i++)
        (void)buf_add_text(&html, "<b><span>");
    (void)buf_add_text(&html, "hondo");
    struct html_text found;
    assert_true(html_read(arena, buf_peek(&html), &found));
    assert_non_null(memmem(found.text.p, found.text.n, "hondo", 5));
    buf_done(&html);
    arena_free(&arena);
}

static void reads_no_more_than_its_limit(void **state)
{
    (void)state;
    struct arena *arena = arena_new("test", 16 * MIB);
    char *bytes = malloc(LIMIT_MAIL_HTML_BYTES + 10);
    memset(bytes, 'a', LIMIT_MAIL_HTML_BYTES + 10);
    struct html_text found;
    assert_true(html_read(arena, (struct str){bytes, LIMIT_MAIL_HTML_BYTES + 10}, &found));
    assert_true(found.text.n <= LIMIT_MAIL_HTML_BYTES + 1);
    free(bytes);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turns_markup_into_text),
        cmocka_unit_test(finds_where_every_program_quotes),
        cmocka_unit_test(takes_time_by_size_alone),
        cmocka_unit_test(leaves_out_a_tag_of_very_many_attributes),
        cmocka_unit_test(keeps_the_text_of_deep_nesting),
        cmocka_unit_test(reads_no_more_than_its_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
