/* The tables of keys as Markdown. */
#include "lib/conf_session.h"

static void print_fallback(FILE *out, const struct conf_key *key)
{
    if (key->required)
        (void)fputs("required", out);
    else if (key->fallback != NULL)
        (void)fprintf(out, "`%s`", key->fallback);
    else
        (void)fputs("none", out);
}

static bool is_section(const struct conf_key *key)
{
    return key->type == CONF_TABLE || key->type == CONF_TABLE_LIST;
}

static void print_row(FILE *out, const struct conf_key *key)
{
    char expected[CONF_EXPECTED_BYTES];
    conf_expected(key, expected);
    (void)fprintf(out, "| `%s` | %s | ", key->name, expected);
    print_fallback(out, key);
    (void)fprintf(out, " | %s |\n", key->help);
}

static void print_rows(FILE *out, const struct conf_key *keys)
{
    (void)fputs("| Key | Value | Default | What it does |\n| --- | --- | --- | --- |\n", out);
    for (; keys->name != NULL; keys++)
        if (!is_section(keys))
            print_row(out, keys);
    (void)fputc('\n', out);
}

static bool has_rows(const struct conf_key *keys)
{
    for (; keys->name != NULL; keys++)
        if (!is_section(keys))
            return true;
    return false;
}

static void print_section(FILE *out, const char *path, const struct conf_key *keys);

static void print_variants(FILE *out, const char *path, const struct conf_key *chooser)
{
    for (const struct conf_variant *v = chooser->variants; v != NULL && v->word != NULL; v++) {
        (void)fprintf(out, "### `%s` with `%s: %s`\n\n", path, chooser->name, v->word);
        print_rows(out, v->keys);
    }
}

static void print_child(FILE *out, const char *path, const struct conf_key *key)
{
    char child[CONF_EXPECTED_BYTES];
    (void)snprintf(child, sizeof child, "%s%s%s%s", path, path[0] != '\0' ? "." : "", key->name,
                   key->type == CONF_TABLE_LIST ? "[]" : "");
    (void)fprintf(out, "## `%s`\n\n%s\n\n", child, key->help);
    print_section(out, child, key->keys);
}

static void print_section(FILE *out, const char *path, const struct conf_key *keys)
{
    if (has_rows(keys))
        print_rows(out, keys);
    for (const struct conf_key *key = keys; key->name != NULL; key++)
        print_variants(out, path, key);
    for (const struct conf_key *key = keys; key->name != NULL; key++)
        if (is_section(key))
            print_child(out, path, key);
}

void conf_print_reference(FILE *out, const struct conf_key *keys)
{
    print_section(out, "", keys);
}
