#include "transform/b2chat/lists.h"

#include <stdlib.h>

#include "lib/limits.h"
#include "transform/b2chat/values.h"
#include "transform/jpath.h"

struct text { /* an element; its text is written to the root before it ends */
    struct jpath_element element;
    struct text *next;
    struct str text;
};

struct attribute {
    struct jpath_element element;
    struct str name, value_json;
};

struct root {
    struct str item;
    struct text *first, *last;
    size_t count;
    struct jpath_list attributes;
};

struct b2_lists {
    struct jpath *texts, *attributes;
    struct root root;
};

static enum rc text_end(void *context, void *element, struct err *err)
{
    (void)err;
    struct root *root = context;
    struct text *text = element;
    text->text = b2_text(root->item);
    root->item = STR_NULL;
    if (str_is_null(text->text))
        return RC_OK;
    if (root->last != NULL)
        root->last->next = text;
    else
        root->first = text;
    root->last = text;
    root->count++;
    return RC_OK;
}

static const struct jpath_rule no_rules[] = {JPATH_RULES_END};

static const struct jpath_rule text_rules[] = {
    JPATH_SCALAR("[]", struct root, item),
    JPATH_END("[]", struct text, no_rules, text_end),
    JPATH_RULES_END,
};

static const struct jpath_rule attribute_rules[] = {
    JPATH_SCALAR("name", struct attribute, name),
    JPATH_JSON("value", struct attribute, value_json),
    JPATH_RULES_END,
};

static const struct jpath_rule attributes_rules[] = {
    JPATH_EACH("", struct root, attributes, struct attribute, attribute_rules),
    JPATH_RULES_END,
};

struct b2_lists *b2_lists_new(void)
{
    struct b2_lists *lists = xcalloc(1, sizeof *lists);
    lists->texts = jpath_new(text_rules);
    lists->attributes = jpath_new(attributes_rules);
    return lists;
}

void b2_lists_free(struct b2_lists **lists)
{
    if (lists == NULL || *lists == NULL)
        return;
    jpath_free(&(*lists)->texts);
    jpath_free(&(*lists)->attributes);
    free(*lists);
    *lists = NULL;
}

/* The text was written by a JSON writer: it is well-formed, so only memory can fail. */
static bool parse(struct b2_lists *lists, struct jpath *jpath, struct str json, struct arena *arena)
{
    static const struct jpath_limits limits = {LIMIT_JSON_DEPTH, LIMIT_JSON_DOCUMENT_BYTES,
                                               LIMIT_JSON_DOCUMENT_BYTES};
    struct err err;
    lists->root = (struct root){.count = 0};
    jpath_begin(jpath, &limits, arena, &lists->root, &lists->root);
    enum rc rc = jpath_feed(jpath, json.p, json.n, &err);
    if (rc == RC_OK)
        rc = jpath_finish(jpath, &err);
    return rc == RC_OK;
}

/* ---- texts ---- */

static int text_order(const void *a, const void *b)
{
    const struct str *x = *(const struct str *const *)a;
    const struct str *y = *(const struct str *const *)b;
    int order = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
    if (order != 0)
        return order;
    if (x->n != y->n)
        return x->n < y->n ? -1 : 1;
    return (x > y) - (x < y);
}

bool b2_texts_unique(struct arena *arena, struct b2_texts *texts)
{
    if (texts->count < 2)
        return true;
    struct str **sorted = arena_alloc(arena, texts->count * sizeof(struct str *));
    if (sorted == NULL)
        return false;
    for (size_t i = 0; i < texts->count; i++)
        sorted[i] = &texts->items[i];
    qsort(sorted, texts->count, sizeof(struct str *), text_order);
    const struct str *kept = sorted[0];
    for (size_t i = 1; i < texts->count; i++) {
        if (str_equal(*sorted[i], *kept))
            *sorted[i] = STR_NULL;
        else
            kept = sorted[i];
    }
    size_t count = 0;
    for (size_t i = 0; i < texts->count; i++)
        if (!str_is_null(texts->items[i]))
            texts->items[count++] = texts->items[i];
    texts->count = count;
    return true;
}

bool b2_lists_texts(struct b2_lists *lists, struct str json, struct arena *arena,
                    struct b2_texts *texts_out)
{
    *texts_out = (struct b2_texts){NULL, 0};
    if (str_is_null(json))
        return true;
    if (!parse(lists, lists->texts, json, arena))
        return false;
    if (lists->root.count == 0)
        return true;
    texts_out->items = arena_alloc(arena, lists->root.count * sizeof(struct str));
    if (texts_out->items == NULL)
        return false;
    for (const struct text *text = lists->root.first; text != NULL; text = text->next)
        texts_out->items[texts_out->count++] = text->text;
    return b2_texts_unique(arena, texts_out);
}

/* ---- attributes ---- */

static int attribute_order(const void *a, const void *b)
{
    const struct attribute *x = *(const struct attribute *const *)a;
    const struct attribute *y = *(const struct attribute *const *)b;
    int order = memcmp(x->name.p, y->name.p, x->name.n < y->name.n ? x->name.n : y->name.n);
    if (order != 0)
        return order;
    if (x->name.n != y->name.n)
        return x->name.n < y->name.n ? -1 : 1;
    return (x->element.index > y->element.index) - (x->element.index < y->element.index);
}

/* Those with a name, in order. */
static bool sort_attributes(struct b2_lists *lists, struct arena *arena,
                            const struct attribute ***sorted_out, size_t *count_out)
{
    const struct jpath_list *list = &lists->root.attributes;
    const struct attribute **sorted =
        arena_alloc(arena, (list->count + 1) * sizeof(struct attribute *));
    size_t count = 0;
    if (sorted == NULL)
        return false;
    for (struct jpath_element *e = list->first; e != NULL; e = e->next) {
        struct attribute *attribute = (void *)e;
        attribute->name = b2_text(attribute->name);
        if (!str_is_null(attribute->name))
            sorted[count++] = attribute;
    }
    qsort(sorted, count, sizeof(struct attribute *), attribute_order);
    *sorted_out = sorted;
    *count_out = count;
    return true;
}

static void write_value(struct json_writer *writer, const struct attribute *attribute)
{
    if (str_is_null(attribute->value_json))
        json_writer_null(writer);
    else
        json_writer_raw(writer, attribute->value_json);
}

static void write_attributes(struct json_writer *writer, const struct attribute *const *sorted,
                             size_t count)
{
    for (size_t i = 0; i < count;) {
        size_t next = i + 1;
        while (next < count && str_equal(sorted[next]->name, sorted[i]->name))
            next++;
        json_writer_text(writer, sorted[i]->name);
        bool is_array = next > i + 1;
        if (is_array)
            json_writer_open(writer, true);
        for (; i < next; i++)
            write_value(writer, sorted[i]);
        if (is_array)
            json_writer_close(writer, true);
    }
}

bool b2_lists_attributes(struct b2_lists *lists, struct str json, struct arena *arena,
                         struct json_writer *writer, struct str *object_out)
{
    const struct attribute **sorted = NULL;
    size_t count = 0;
    *object_out = STR_NULL;
    if (str_starts_with(json, "{"))
        *object_out = json;
    if (!str_starts_with(json, "["))
        return true;
    if (!parse(lists, lists->attributes, json, arena) ||
        !sort_attributes(lists, arena, &sorted, &count))
        return false;
    json_writer_reset(writer);
    json_writer_open(writer, false);
    write_attributes(writer, sorted, count);
    json_writer_close(writer, false);
    *object_out = arena_str(arena, json_writer_peek(writer));
    return !str_is_null(*object_out);
}
