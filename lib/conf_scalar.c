#include "lib/conf_session.h"

#include <assert.h>
#include <inttypes.h>
#include <regex.h>

#include "lib/conf_expand.h"
#include "lib/conf_value.h"

#define LONGEST_QUOTE 60

/* ---- what was expected, what was found ---- */

static void expected_word(const struct conf_key *key, char *text)
{
    size_t n = (size_t)snprintf(text, CONF_EXPECTED_BYTES, "%s", key->words[1] ? "one of " : "");
    for (size_t i = 0; key->words[i] != NULL && n < CONF_EXPECTED_BYTES; i++) {
        const char *before = i == 0 ? "" : key->words[i + 1] != NULL ? ", " : " or ";
        n += (size_t)snprintf(text + n, CONF_EXPECTED_BYTES - n, "%s%s", before, key->words[i]);
    }
}

static void expected_range(const struct conf_key *key, char *text)
{
    char least[CONF_VALUE_TEXT_BYTES], most[CONF_VALUE_TEXT_BYTES];
    const char *what = "a whole number";
    if (key->type == CONF_SIZE) {
        what = "a size with its unit, such as 4MiB,";
        conf_value_print_size(key->least, least);
        conf_value_print_size(key->most, most);
    } else if (key->type == CONF_DURATION) {
        what = "a span of time with its unit, such as 60s,";
        conf_value_print_duration(key->least, least);
        conf_value_print_duration(key->most, most);
    } else {
        (void)snprintf(least, sizeof least, "%" PRId64, key->least);
        (void)snprintf(most, sizeof most, "%" PRId64, key->most);
    }
    (void)snprintf(text, CONF_EXPECTED_BYTES, "%s from %s to %s", what, least, most);
}

void conf_expected(const struct conf_key *key, char text[static CONF_EXPECTED_BYTES])
{
    static const char *const words[] = {
        [CONF_TEXT] = "text",
        [CONF_SECRET] = "text",
        [CONF_BOOL] = "true or false",
        [CONF_TEXT_LIST] = "a list of texts",
        [CONF_SECRET_LIST] = "a list of texts",
        [CONF_SECRET_MAP] = "a section of names and values",
        [CONF_TABLE] = "a section",
        [CONF_TABLE_LIST] = "a list of sections",
    };
    if (key->type == CONF_CHOICE)
        expected_word(key, text);
    else if (key->type == CONF_INT || key->type == CONF_SIZE || key->type == CONF_DURATION)
        expected_range(key, text);
    else
        (void)snprintf(text, CONF_EXPECTED_BYTES, "%s",
                       key->expected != NULL ? key->expected : words[key->type]);
}

static bool is_secret(const struct conf_key *key)
{
    return key->type == CONF_SECRET || key->type == CONF_SECRET_LIST ||
           key->type == CONF_SECRET_MAP;
}

static bool is_nothing(const struct conf_node *node)
{
    return node->kind == CONF_SCALAR && node->plain &&
           (node->text.n == 0 || str_is(node->text, "~") || str_is(node->text, "null"));
}

/* As it stands in the file: never what ${...} gave, never what may be a secret. */
static void found(const struct conf_key *key, const struct conf_node *node, char *text, size_t size)
{
    bool whole = node->text.n <= LONGEST_QUOTE;
    if (node->kind != CONF_SCALAR)
        (void)snprintf(text, size, "%s%s", node->count == 0 ? "an empty " : "a ",
                       node->kind == CONF_MAPPING ? "section" : "list");
    else if (is_nothing(node))
        (void)snprintf(text, size, "nothing");
    else if (is_secret(key))
        (void)snprintf(text, size, "***");
    else
        (void)snprintf(text, size, "\"%.*s\"%s", whole ? (int)node->text.n : LONGEST_QUOTE,
                       node->text.p, whole ? "" : "...");
}

/* YAML 1.1 and other tools take these for booleans; here they would be a guess. */
static const char *hint(const struct conf_key *key, const struct conf_node *node)
{
    static const char *const words[][2] = {
        {"yes", "; write true"},    {"on", "; write true"},  {"y", "; write true"},
        {"1", "; write true"},      {"no", "; write false"}, {"off", "; write false"},
        {"n", "; write false"},     {"0", "; write false"},  {"True", "; write true"},
        {"TRUE", "; write true"},   {"Yes", "; write true"}, {"False", "; write false"},
        {"FALSE", "; write false"}, {"No", "; write false"}};
    for (size_t i = 0; key->type == CONF_BOOL && i < sizeof words / sizeof *words; i++)
        if (str_is(node->text, words[i][0]))
            return words[i][1];
    return memchr(node->text.p, '$', node->text.n) != NULL ? " (once ${...} is replaced)" : "";
}

void conf_unexpected(struct conf *conf, struct conf_place place, const struct conf_key *key,
                     const struct conf_node *node)
{
    char expected[CONF_EXPECTED_BYTES], what[LONGEST_QUOTE + 8];
    conf_expected(key, expected);
    found(key, node, what, sizeof what);
    conf_fault_at(conf, place, "expected %s, found %s%s", expected, what,
                  node->kind == CONF_SCALAR ? hint(key, node) : "");
}

/* ---- conversion ---- */

const char *conf_text(struct conf *conf, struct conf_place place, const struct conf_key *key,
                      const struct conf_node *node)
{
    struct str text;
    struct err err;
    if (node->kind != CONF_SCALAR || is_nothing(node)) {
        conf_unexpected(conf, place, key, node);
        return NULL;
    }
    if (conf_expand(node->text, conf->folder, conf->arena, &text, &err) != RC_OK) {
        conf_fault_at(conf, place, "%s", err.msg);
        return NULL;
    }
    if (text.n > 0)
        return text.p;
    char expected[CONF_EXPECTED_BYTES];
    conf_expected(key, expected);
    conf_fault_at(conf, place, "is empty; expected %s", expected);
    return NULL;
}

static bool matches(const char *pattern, const char *text)
{
    regex_t regex;
    if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB) != 0)
        return false;
    bool ok = regexec(&regex, text, 0, NULL, 0) == 0;
    regfree(&regex);
    return ok;
}

static bool is_word(const struct conf_key *key, const char *text)
{
    for (size_t i = 0; key->words[i] != NULL; i++)
        if (strcmp(key->words[i], text) == 0)
            return true;
    return false;
}

static bool store_number(const struct conf_key *key, const char *text,
                         bool (*read)(struct str text, int64_t *value_out), void *to)
{
    int64_t value;
    if (!read(str_of(text), &value) || value < key->least || value > key->most)
        return false;
    memcpy(to, &value, sizeof value);
    return true;
}

static bool store_bool(const char *text, void *to)
{
    bool value = strcmp(text, "true") == 0;
    memcpy(to, &value, sizeof value);
    return value || strcmp(text, "false") == 0;
}

static bool convert(const struct conf_key *key, const char *text, void *to)
{
    switch (key->type) {
    case CONF_BOOL:
        return store_bool(text, to);
    case CONF_INT:
        return store_number(key, text, conf_value_int, to);
    case CONF_SIZE:
        return store_number(key, text, conf_value_size, to);
    case CONF_DURATION:
        return store_number(key, text, conf_value_duration, to);
    case CONF_TEXT:
    case CONF_SECRET:
        memcpy(to, &text, sizeof text);
        return key->pattern == NULL || matches(key->pattern, text);
    case CONF_CHOICE:
        memcpy(to, &text, sizeof text);
        return is_word(key, text);
    case CONF_TEXT_LIST:
    case CONF_SECRET_LIST:
    case CONF_SECRET_MAP:
    case CONF_TABLE:
    case CONF_TABLE_LIST:
        break;
    }
    return false;
}

bool conf_store_scalar(struct conf *conf, struct conf_place place, const struct conf_key *key,
                       const struct conf_node *node, void *to)
{
    const char *text = conf_text(conf, place, key, node);
    if (text == NULL)
        return false;
    bool ok = convert(key, text, to);
    if (!ok)
        conf_unexpected(conf, place, key, node);
    return ok;
}

void conf_store_fallback(const struct conf_key *key, void *to)
{
    bool ok = convert(key, key->fallback, to);
    assert(ok);
    (void)ok;
}
