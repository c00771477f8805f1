#include "lib/conf_expand.h"

#include <stdlib.h>

#include "lib/buf.h"
#include "lib/file.h"
#include "lib/limits.h"

#define DEEPEST_REFERENCE 4

struct expansion {
    const char *folder;
    struct arena *arena;
    struct err *err;
    int depth;
};

static enum rc append_expanded(struct expansion *e, struct str text, struct buf *out);

static enum rc append_text(struct expansion *e, struct str text, struct buf *out)
{
    if (buf_add_str(out, text))
        return RC_OK;
    return err_set(e->err, RC_REJECT, "the value is larger than %zu bytes once ${...} is replaced",
                   out->max);
}

/* The expansion of text as a value of its own, in the arena. */
static enum rc expand_part(struct expansion *e, struct str text, struct str *part_out)
{
    struct buf part;
    buf_init(&part, LIMIT_SECRET_FILE_BYTES);
    enum rc rc = append_expanded(e, text, &part);
    if (rc == RC_OK) {
        *part_out = arena_str(e->arena, buf_peek(&part));
        if (str_is_null(*part_out))
            rc = err_set(e->err, RC_REJECT, "the values of this file are too large");
    }
    buf_done(&part);
    return rc;
}

static struct str without_newline(struct str text)
{
    if (text.n > 0 && text.p[text.n - 1] == '\n')
        text.n--;
    if (text.n > 0 && text.p[text.n - 1] == '\r')
        text.n--;
    return text;
}

static enum rc append_file(struct expansion *e, struct str written, struct buf *out)
{
    struct str path, text;
    enum rc rc = expand_part(e, written, &path);
    if (rc != RC_OK)
        return rc;
    if (path.n == 0)
        return err_set(e->err, RC_REJECT, "${file:} names no file; write ${file:PATH}");
    if (path.p[0] != '/')
        path = arena_printf(e->arena, "%s/%s", e->folder, path.p);
    if (str_is_null(path))
        return err_set(e->err, RC_REJECT, "the values of this file are too large");
    rc = file_read(path.p, LIMIT_SECRET_FILE_BYTES, e->arena, &text, e->err);
    if (rc != RC_OK)
        return rc;
    text = without_newline(text);
    if (text.n == 0)
        return err_set(e->err, RC_REJECT, "\"%s\" is empty; it should hold the value", path.p);
    return append_text(e, text, out);
}

static bool is_name_character(char c, bool first)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           (!first && c >= '0' && c <= '9');
}

/* The longest start of text that is a variable's name. */
static struct str take_name(struct str text)
{
    size_t n = 0;
    while (n < text.n && is_name_character(text.p[n], n == 0))
        n++;
    return (struct str){text.p, n};
}

static enum rc fail_unset(struct expansion *e, const char *name, struct str message)
{
    struct str text = STR_NULL;
    if (str_is_null(message))
        return err_set(e->err, RC_REJECT,
                       "environment variable %s is not set; set it, or write ${%s:-default}", name,
                       name);
    enum rc rc = expand_part(e, message, &text);
    if (rc != RC_OK)
        return rc;
    return err_set(e->err, RC_REJECT, "environment variable %s is not set: %s", name,
                   text.n > 0 ? text.p : "it is required");
}

static enum rc append_variable(struct expansion *e, struct str inside, struct buf *out)
{
    struct str name = take_name(inside);
    struct str rest = {inside.p + name.n, inside.n - name.n};
    bool has_default = str_starts_with(rest, ":-");
    bool has_message = str_starts_with(rest, ":?");
    if (name.n == 0 || (rest.n > 0 && !has_default && !has_message))
        return err_set(e->err, RC_REJECT,
                       "what stands within ${...} has no meaning; expected ${NAME}, "
                       "${NAME:-default}, ${NAME:?message} or ${file:PATH}; write $$ for a dollar "
                       "sign");
    struct str terminated = arena_str(e->arena, name);
    if (str_is_null(terminated))
        return err_set(e->err, RC_REJECT, "the values of this file are too large");
    const char *value = getenv(terminated.p);
    struct str option = rest.n > 0 ? (struct str){rest.p + 2, rest.n - 2} : STR_NULL;
    if (value != NULL && (rest.n == 0 || value[0] != '\0'))
        return append_text(e, str_of(value), out);
    return has_default ? append_expanded(e, option, out) : fail_unset(e, terminated.p, option);
}

/* text begins after "${"; returns the place of the "}" that belongs to it, or text.n. */
static size_t find_end(struct str text)
{
    int open = 1;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '{' && i > 0 && text.p[i - 1] == '$')
            open++;
        if (text.p[i] == '}' && --open == 0)
            return i;
    }
    return text.n;
}

static enum rc append_reference(struct expansion *e, struct str inside, struct buf *out)
{
    if (e->depth == DEEPEST_REFERENCE)
        return err_set(e->err, RC_REJECT, "${...} within ${...} is nested too deeply");
    e->depth++;
    enum rc rc = str_starts_with(inside, "file:")
                     ? append_file(e, (struct str){inside.p + 5, inside.n - 5}, out)
                     : append_variable(e, inside, out);
    e->depth--;
    return rc;
}

/* text begins with a dollar sign; says how much of it was used. */
static enum rc append_dollar(struct expansion *e, struct str text, struct buf *out,
                             size_t *used_out)
{
    if (str_starts_with(text, "$$")) {
        *used_out = 2;
        return append_text(e, STR_LIT("$"), out);
    }
    if (!str_starts_with(text, "${"))
        return err_set(e->err, RC_REJECT,
                       "a single $ has no meaning here; write $$ for a dollar sign, or ${NAME}");
    struct str after = {text.p + 2, text.n - 2};
    size_t end = find_end(after);
    if (end == after.n)
        return err_set(e->err, RC_REJECT, "\"${\" has no closing \"}\"");
    *used_out = 2 + end + 1;
    return append_reference(e, (struct str){after.p, end}, out);
}

static enum rc append_expanded(struct expansion *e, struct str text, struct buf *out)
{
    while (text.n > 0) {
        const char *dollar = memchr(text.p, '$', text.n);
        size_t n = dollar != NULL ? (size_t)(dollar - text.p) : text.n;
        enum rc rc = append_text(e, (struct str){text.p, n}, out);
        text = (struct str){text.p + n, text.n - n};
        if (rc == RC_OK && text.n > 0) {
            rc = append_dollar(e, text, out, &n);
            text = (struct str){text.p + n, text.n - n};
        }
        if (rc != RC_OK)
            return rc;
    }
    return RC_OK;
}

enum rc conf_expand(struct str text, const char *folder, struct arena *arena,
                    struct str *expanded_out, struct err *err)
{
    struct expansion e = {.folder = folder, .arena = arena, .err = err};
    enum rc rc = expand_part(&e, text, expanded_out);
    if (rc == RC_OK && memchr(expanded_out->p, '\0', expanded_out->n) != NULL)
        rc = err_set(err, RC_REJECT, "the value holds a NUL character");
    return rc;
}
