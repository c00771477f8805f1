#include "transform/email/html_mark.h"

#include "transform/email/words.h"

#define STYLE_READ_BYTES 2048

struct str html_attribute(const char *const *attributes, const char *name)
{
    for (; attributes != NULL && attributes[0] != NULL; attributes += 2)
        if (strcmp(attributes[0], name) == 0)
            return str_of(attributes[1]);
    return STR_NULL;
}

/* Without blanks; of a long one its beginning. */
static struct str plain_style(const char *const *attributes, char plain[static STYLE_READ_BYTES])
{
    struct str style = html_attribute(attributes, "style");
    size_t n = 0;
    for (size_t i = 0; i < style.n && n < STYLE_READ_BYTES; i++)
        if (!words_is_space(style.p[i]))
            plain[n++] = style.p[i];
    return (struct str){plain, n};
}

bool html_is_hidden(const char *const *attributes)
{
    char plain[STYLE_READ_BYTES];
    return words_hold(plain_style(attributes, plain), "display:none");
}

/* Outlook draws a line above what it quotes. */
static bool has_outlook_border(const char *const *attributes)
{
    char plain[STYLE_READ_BYTES];
    struct str style = plain_style(attributes, plain);
    return words_hold(style, "border:none;border-top:solid#E1E1E11.0pt") ||
           words_hold(style, "border:none;border-top:solid#B5C4DF1.0pt");
}

/* One of the words of class, or its beginning. */
static bool has_class(const char *const *attributes, const char *word, bool is_prefix)
{
    struct str class = html_attribute(attributes, "class");
    for (size_t at = 0; at < class.n;) {
        size_t n = 0;
        while (at + n < class.n && !words_is_space(class.p[at + n]))
            n++;
        struct str one = {class.p + at, n};
        if (is_prefix ? str_starts_with(one, word) : str_is(one, word))
            return true;
        at += n + 1;
    }
    return false;
}

static bool is_quote_by_class(const char *const *attributes)
{
    return has_class(attributes, "gmail_quote", true) ||
           has_class(attributes, "gmail_attr", false) ||
           has_class(attributes, "moz-cite-prefix", false) ||
           has_class(attributes, "yahoo_quoted", true) ||
           has_class(attributes, "protonmail_quote", false);
}

static bool is_quote_by_id(const char *const *attributes)
{
    static const char *const ids[] = {"appendonsend", "divRplyFwdMsg",
                                      "mail-editor-reference-message-container",
                                      "OLK_SRC_BODY_SECTION"};
    struct str id = html_attribute(attributes, "id");
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++)
        if (str_is(id, ids[i]))
            return true;
    return str_starts_with(id, "yahoo_quoted");
}

bool html_is_quote(const char *name, const char *const *attributes)
{
    if (attributes == NULL)
        return false;
    if (is_quote_by_class(attributes) || is_quote_by_id(attributes))
        return true;
    if (str_is(html_attribute(attributes, "name"), "quote"))
        return true;
    if (strcmp(name, "blockquote") == 0 && words_same(html_attribute(attributes, "type"), "cite"))
        return true;
    if (strcmp(name, "hr") == 0 && str_is(html_attribute(attributes, "data-marker"), "__DIVIDER__"))
        return true;
    return has_outlook_border(attributes);
}
