/* The tables of keys against the tree of the file. */
#include "lib/conf_session.h"

#include "lib/file.h"
#include "lib/limits.h"
#include "lib/suggest.h"

/* One section of the file and the keys that it may have. */
struct section {
    const struct conf_key *keys;
    const struct conf_key *further; /* those of the chosen variant; NULL = none */
    const struct conf_key *chooser; /* the key that chooses; NULL = the section has no variants */
    const char *chosen;             /* its value; NULL = unknown after a fault */
    const struct conf_node *node;   /* NULL = not in the file */
    struct conf_place place;
    void *to;
};

static void read_section(struct conf *conf, const struct conf_key *keys,
                         const struct conf_node *node, struct conf_place place, void *to);

static const struct conf_key *find_key(const struct conf_key *keys, struct str name)
{
    for (; keys != NULL && keys->name != NULL; keys++)
        if (str_is(name, keys->name))
            return keys;
    return NULL;
}

static const struct conf_node *find_member(const struct conf_node *section, const char *name)
{
    const struct conf_node *member = section != NULL ? section->first : NULL;
    while (member != NULL && !str_is(member->key->text, name))
        member = member->next;
    return member;
}

/* ---- lists ---- */

static void read_text_list(struct conf *conf, const struct conf_key *key,
                           const struct conf_node *node, struct conf_place place, void *to)
{
    const struct conf_key element = {
        .type = key->type == CONF_TEXT_LIST ? CONF_TEXT : CONF_SECRET,
        .pattern = key->pattern,
        .expected = key->expected,
    };
    if (node->kind != CONF_SEQUENCE || node->count == 0) {
        conf_unexpected(conf, place, key, node);
        return;
    }
    const char **texts = conf_allocate(conf, place, node->count, sizeof *texts);
    if (texts == NULL)
        return;
    size_t n = 0;
    for (const struct conf_node *item = node->first; item != NULL; item = item->next, n++) {
        struct conf_place at = conf_element_place(conf, place, item, n);
        conf_remember(conf, &texts[n], at);
        (void)conf_store_scalar(conf, at, &element, item, &texts[n]);
    }
    *(struct conf_texts *)to = (struct conf_texts){texts, n};
}

static void read_secret_map(struct conf *conf, const struct conf_key *key,
                            const struct conf_node *node, struct conf_place place, void *to)
{
    static const struct conf_key element = {.type = CONF_SECRET};
    if (node->kind != CONF_MAPPING) {
        conf_unexpected(conf, place, key, node);
        return;
    }
    struct conf_pair *pairs = conf_allocate(conf, place, node->count, sizeof *pairs);
    if (pairs == NULL)
        return;
    size_t n = 0;
    for (const struct conf_node *item = node->first; item != NULL; item = item->next, n++) {
        struct conf_place at = conf_member_place(conf, place, item);
        pairs[n] = (struct conf_pair){item->key->text.p, conf_text(conf, at, &element, item)};
    }
    *(struct conf_pairs *)to = (struct conf_pairs){pairs, n};
}

static void read_section_list(struct conf *conf, const struct conf_key *key,
                              const struct conf_node *node, struct conf_place place, void *to)
{
    if (node->kind != CONF_SEQUENCE || (key->required && node->count == 0)) {
        conf_unexpected(conf, place, key, node);
        return;
    }
    char *elements = conf_allocate(conf, place, node->count, key->element_bytes);
    if (elements == NULL)
        return;
    size_t n = 0;
    for (const struct conf_node *item = node->first; item != NULL; item = item->next, n++)
        read_section(conf, key->keys, item, conf_element_place(conf, place, item, n),
                     elements + n * key->element_bytes);
    *(struct conf_list *)to = (struct conf_list){elements, n};
}

/* ---- sections ---- */

static void read_value(struct conf *conf, const struct conf_key *key, const struct conf_node *node,
                       struct conf_place place, void *to)
{
    conf_remember(conf, to, place);
    switch (key->type) {
    case CONF_TABLE:
        read_section(conf, key->keys, node, place, to);
        break;
    case CONF_TABLE_LIST:
        read_section_list(conf, key, node, place, to);
        break;
    case CONF_TEXT_LIST:
    case CONF_SECRET_LIST:
        read_text_list(conf, key, node, place, to);
        break;
    case CONF_SECRET_MAP:
        read_secret_map(conf, key, node, place, to);
        break;
    default:
        (void)conf_store_scalar(conf, place, key, node, to);
    }
}

static void *field_of(const struct section *section, const struct conf_key *key)
{
    return (char *)section->to + key->offset;
}

static void fill_absent(struct conf *conf, const struct section *section,
                        const struct conf_key *keys)
{
    for (const struct conf_key *key = keys; key != NULL && key->name != NULL; key++) {
        if (find_member(section->node, key->name) != NULL)
            continue;
        struct conf_place place = conf_missing_place(conf, section->place, key->name);
        if (key->required && key->type != CONF_TABLE) {
            char expected[CONF_EXPECTED_BYTES];
            conf_expected(key, expected);
            conf_fault_at(conf, place, "is missing; expected %s", expected);
        } else if (key->type == CONF_TABLE && key->optional) {
            continue;
        } else if (key->type == CONF_TABLE) {
            read_section(conf, key->keys, NULL, place, field_of(section, key));
        } else if (key->fallback != NULL) {
            conf_remember(conf, field_of(section, key), place);
            conf_store_fallback(key, field_of(section, key));
        }
    }
}

/* The words under which another variant of the section knows the key; NULL = none does. */
static const char *variant_with(const struct section *section, struct str name)
{
    if (section->chooser == NULL)
        return NULL;
    for (const struct conf_variant *v = section->chooser->variants; v->word != NULL; v++)
        if (find_key(v->keys, name) != NULL)
            return v->word;
    return NULL;
}

static void offer_keys(struct suggest *suggest, const struct conf_key *keys)
{
    for (; keys != NULL && keys->name != NULL; keys++)
        suggest_offer(suggest, keys->name);
}

static void refuse_unknown(struct conf *conf, const struct section *section,
                           const struct conf_node *key)
{
    const char *variant = variant_with(section, key->text);
    if (variant != NULL && section->chosen == NULL)
        return; /* which keys belong here is unknown; the chooser's own fault says so */
    struct conf_place place = {key->at, section->place.path};
    if (variant != NULL) {
        conf_fault_at(conf, place, "\"%.*s\" belongs to %s %s, not to %s", STR_ARGS(key->text),
                      section->chooser->name, variant, section->chosen);
        return;
    }
    struct suggest suggest = suggest_begin(key->text);
    offer_keys(&suggest, section->keys);
    offer_keys(&suggest, section->further);
    int shown = key->text.n < 60 ? (int)key->text.n : 60;
    if (suggest.best != NULL)
        conf_fault_at(conf, place, "unknown key \"%.*s\"; did you mean \"%s\"?", shown, key->text.p,
                      suggest.best);
    else
        conf_fault_at(conf, place, "unknown key \"%.*s\"", shown, key->text.p);
}

static bool is_repeated(struct conf *conf, const struct section *section,
                        const struct conf_node *member)
{
    const struct conf_node *earlier = section->node->first;
    while (earlier != member && !str_equal(earlier->key->text, member->key->text))
        earlier = earlier->next;
    if (earlier == member)
        return false;
    struct conf_place place = conf_member_place(conf, section->place, member);
    place.at = member->key->at;
    conf_fault_at(conf, place, "is given twice; the first is in line %d", earlier->key->at.line);
    return true;
}

static void read_members(struct conf *conf, const struct section *section)
{
    for (const struct conf_node *member = section->node->first; member != NULL;
         member = member->next) {
        if (is_repeated(conf, section, member))
            continue;
        const struct conf_key *key = find_key(section->keys, member->key->text);
        if (key == NULL)
            key = find_key(section->further, member->key->text);
        if (key == NULL)
            refuse_unknown(conf, section, member->key);
        else if (key != section->chooser)
            read_value(conf, key, member, conf_member_place(conf, section->place, member),
                       field_of(section, key));
    }
}

/* Reads the key that decides which further keys the section has. */
static void choose_variant(struct conf *conf, struct section *section)
{
    const struct conf_key *key = section->keys;
    while (key->name != NULL && key->variants == NULL)
        key++;
    if (key->name == NULL)
        return;
    section->chooser = key;
    const struct conf_node *member = find_member(section->node, key->name);
    void *to = field_of(section, key);
    if (member == NULL) {
        section->chosen = key->fallback;
    } else {
        struct conf_place place = conf_member_place(conf, section->place, member);
        conf_remember(conf, to, place);
        if (conf_store_scalar(conf, place, key, member, to))
            section->chosen = *(const char **)to;
    }
    for (const struct conf_variant *v = key->variants; v->word != NULL; v++)
        if (section->chosen != NULL && strcmp(v->word, section->chosen) == 0)
            section->further = v->keys;
}

static void read_section(struct conf *conf, const struct conf_key *keys,
                         const struct conf_node *node, struct conf_place place, void *to)
{
    static const struct conf_key itself = {.type = CONF_TABLE};
    if (node != NULL && node->kind != CONF_MAPPING) {
        conf_unexpected(conf, place, &itself, node);
        return;
    }
    struct section section = {.keys = keys, .node = node, .place = place, .to = to};
    choose_variant(conf, &section);
    if (node != NULL)
        read_members(conf, &section);
    fill_absent(conf, &section, keys);
    fill_absent(conf, &section, section.further);
}

/* ---- the file ---- */

void conf_read_text(struct conf *conf, struct str yaml, const struct conf_key *keys, void *out)
{
    struct conf_node *root;
    struct conf_syntax_fault syntax;
    struct conf_place whole = {{1, 1}, NULL};
    if (conf_tree_read(yaml, conf->arena, &root, &syntax) != RC_OK)
        conf_fault_at(conf, (struct conf_place){syntax.at, NULL}, "%s", syntax.message);
    else if (root == NULL)
        conf_fault_at(conf, whole, "the file is empty; expected sections");
    else
        read_section(conf, keys, root, whole, out);
}

enum rc conf_read(struct conf *conf, const struct conf_key *keys, void *out, struct err *err)
{
    struct str yaml;
    enum rc rc = file_read(conf->file, LIMIT_PIPELINE_FILE_BYTES, conf->arena, &yaml, err);
    if (rc == RC_OK)
        conf_read_text(conf, yaml, keys, out);
    return rc;
}
