#include "transform/telegram/rich.h"

#include <stdlib.h>
#include <yajl/yajl_parse.h>

#include "lib/limits.h"

/* Members that hold text, in the order of reading, which is not always that of writing. */
static const struct member {
    const char *name;
    const char *separator; /* between the elements of its array */
    const char *after;     /* between it and the next member */
} members[] = {
    {"summary", "", "\n"},    {"title", "", "\n"}, /* of exports, as "rows" */
    {"label", "", " "},       {"text", "", "\n"},
    {"expression", "", "\n"}, {"alternative_text", "", "\n"},
    {"button", "", "\n"},     {"blocks", "\n", "\n"},
    {"items", "\n", "\n"},    {"rows", "\n", "\n"},
    {"cells", "\n", "\n"},    {"buttons", "\n", "\n"},
    {"caption", "", "\n"},    {"credit", "", "\n"},
};

#define MEMBERS (sizeof members / sizeof members[0])

struct level {
    bool is_array;
    const char *separator;     /* arrays */
    struct str joined;         /* arrays: so far */
    size_t member;             /* objects: whose value comes next; MEMBERS = nobody's */
    struct str texts[MEMBERS]; /* objects */
};

struct walk {
    struct arena *arena;
    size_t depth;   /* levels in use */
    size_t skipped; /* open objects and arrays that hold no text */
    struct str text;
    struct level levels[LIMIT_JSON_DEPTH];
};

static void join(struct walk *walk, struct str *to, const char *separator, struct str text)
{
    if (text.n == 0)
        return;
    const struct str parts[] = {*to, str_of(separator), text};
    *to = to->n == 0 ? text : arena_join(walk->arena, parts, 3);
}

static void take_text(struct walk *walk, struct str text)
{
    if (walk->depth == 0) {
        walk->text = text;
        return;
    }
    struct level *level = &walk->levels[walk->depth - 1];
    if (level->is_array)
        join(walk, &level->joined, level->separator, text);
    else if (level->member < MEMBERS)
        level->texts[level->member] = text;
}

static bool is_wanted(const struct walk *walk)
{
    if (walk->skipped > 0 || walk->depth == LIMIT_JSON_DEPTH)
        return false;
    if (walk->depth == 0)
        return true;
    const struct level *level = &walk->levels[walk->depth - 1];
    return level->is_array || level->member < MEMBERS;
}

/* Rows of a table are arrays within an array. */
static const char *separator_of(const struct walk *walk)
{
    if (walk->depth == 0)
        return "";
    const struct level *outer = &walk->levels[walk->depth - 1];
    if (!outer->is_array)
        return members[outer->member].separator;
    return strcmp(outer->separator, "\n") == 0 ? "\t" : outer->separator;
}

static int open_level(struct walk *walk, bool is_array)
{
    if (!is_wanted(walk)) {
        walk->skipped++;
        return 1;
    }
    const char *separator = separator_of(walk);
    walk->levels[walk->depth++] =
        (struct level){.is_array = is_array, .separator = separator, .member = MEMBERS};
    return 1;
}

static struct str object_text(struct walk *walk, const struct level *level)
{
    struct str text = STR_NULL;
    const char *between = "";
    for (size_t i = 0; i < MEMBERS; i++) {
        if (level->texts[i].n == 0)
            continue;
        join(walk, &text, between, level->texts[i]);
        between = members[i].after;
    }
    return text;
}

static int close_level(void *context)
{
    struct walk *walk = context;
    if (walk->skipped > 0) {
        walk->skipped--;
        return 1;
    }
    const struct level *level = &walk->levels[--walk->depth];
    take_text(walk, level->is_array ? level->joined : object_text(walk, level));
    return 1;
}

static int on_map(void *context)
{
    return open_level(context, false);
}

static int on_array(void *context)
{
    return open_level(context, true);
}

static int on_key(void *context, const unsigned char *p, size_t n)
{
    struct walk *walk = context;
    if (walk->skipped > 0)
        return 1;
    const struct str name = {(const char *)p, n};
    struct level *level = &walk->levels[walk->depth - 1];
    level->member = 0;
    while (level->member < MEMBERS && !str_is(name, members[level->member].name))
        level->member++;
    return 1;
}

static int on_string(void *context, const unsigned char *p, size_t n)
{
    struct walk *walk = context;
    if (walk->skipped == 0 && walk->depth > 0)
        take_text(walk, arena_str(walk->arena, (struct str){(const char *)p, n}));
    return 1;
}

/* yajl does not check its allocations. */
static void *parser_malloc(void *context, size_t size)
{
    (void)context;
    return xmalloc(size);
}

static void *parser_realloc(void *context, void *block, size_t size)
{
    (void)context;
    return xrealloc(block, size);
}

static void parser_free(void *context, void *block)
{
    (void)context;
    free(block);
}

struct str tg_rich_text(struct arena *arena, struct str json)
{
    static const yajl_callbacks callbacks = {.yajl_string = on_string,
                                             .yajl_map_key = on_key,
                                             .yajl_start_map = on_map,
                                             .yajl_end_map = close_level,
                                             .yajl_start_array = on_array,
                                             .yajl_end_array = close_level};
    struct walk *walk = arena_alloc(arena, sizeof *walk);
    if (walk == NULL || str_is_null(json))
        return STR_NULL;
    walk->arena = arena;
    yajl_alloc_funcs memory = {parser_malloc, parser_realloc, parser_free, NULL};
    yajl_handle parser = yajl_alloc(&callbacks, &memory, walk);
    bool is_read = yajl_parse(parser, (const unsigned char *)json.p, json.n) == yajl_status_ok &&
                   yajl_complete_parse(parser) == yajl_status_ok;
    yajl_free(parser);
    return is_read && walk->text.n > 0 ? walk->text : STR_NULL;
}
