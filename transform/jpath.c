#include "transform/jpath.h"

#include <assert.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_gen.h>
#include <yajl/yajl_parse.h>

#include "lib/buf.h"
#include "lib/limits.h"
#include "transform/json.h"
#include "transform/surrogate.h"
#include "transform/text.h"

#define SLICE_BYTES (64 * KIB)
/* A string of n characters takes at most 6 n bytes in the document (\u00e4). */
#define ESCAPE_FACTOR 6
#define BOM "\xef\xbb\xbf"
#define BOM_BYTES 3
#define FRAMES 64
#define SLOT_NAME_BYTES 23
#define LONG_NAME UCHAR_MAX
#define PATH_BYTES (4 * KIB)
/* As yajl itself says it. */
#define TRAILING_GARBAGE "parse error: trailing garbage"
#define PREMATURE_END "parse error: premature EOF"

/* A field that a repeated member sets back to "absent". */
struct span {
    size_t offset;
    size_t bytes;
};

enum attach { ATTACH_NONE, ATTACH_LIST, ATTACH_POINTER, ATTACH_CALLBACK };

/* A member in its node's table, its name at hand: a lookup touches no other memory. */
struct slot {
    const struct node *member; /* NULL = free */
    unsigned char name_bytes;  /* LONG_NAME: compare with the member's key */
    char name[SLOT_NAME_BYTES];
};

struct node {
    /* read for every value, hence first */
    struct slot *slots; /* members by hash; a power of two */
    size_t slot_mask;
    struct node *element;
    unsigned types;
    enum attach attach;
    bool has_json;
    bool text_in_element; /* of the element that the scalar itself makes */
    size_t text_offset;
    jpath_end_fn *end;
    size_t span_count;
    struct span *spans;
    size_t json_offset;
    size_t attach_offset;
    size_t element_bytes;
    /* read while compiling, and for paths */
    struct str key; /* "[]" of an array's elements: p == NULL */
    struct node *parent;
    size_t member_count;
    struct node *next_member;
    struct node *members;
};

struct frame {
    const struct node *node;
    unsigned char *base;
    struct jpath_element *element; /* base, when base is an element */
    int64_t index;                 /* arrays: of the element read last */
    bool is_array;
};

struct jpath {
    struct node *root_node;
    struct jpath_limits limits;
    struct arena *arena;
    void *context;
    yajl_handle parser;
    bool parser_is_clean; /* it holds nothing of the document before */
    struct frame outside; /* of the document's value */
    struct frame frames[FRAMES];
    size_t frame_count;
    const struct node *pending; /* the member whose key was read last */
    bool begun;                 /* the document's value */
    size_t depth;               /* open objects and arrays, unknown ones included */
    size_t skipped;             /* of them, how many nobody wants */
    struct json_writer *capture;
    size_t capture_depth; /* 0 = not capturing */
    unsigned char *capture_base;
    size_t capture_offset;
    int64_t slice_start;                /* of what the parser is given next */
    struct buf held;                    /* the middle of a long text, from there on */
    int64_t hold_until;                 /* 0 = nothing is held */
    int64_t last_event;                 /* end of the token handed out last */
    struct surrogate_filter surrogates; /* between the bytes and the parser */
    size_t bom_matched;
    bool bom_done;
    uint64_t replaced;
    bool stopped;
    enum rc rc;
    struct err *err; /* of the feed under way */
    struct jpath_fault fault;
    char fault_path[PATH_BYTES];
    char fault_detail[160];
};

/* ---- the tree of rules ---- */

static struct node *new_node(struct node *parent, struct str key)
{
    struct node *node = xcalloc(1, sizeof *node);
    node->parent = parent;
    node->key = key;
    return node;
}

static struct node *member_of(struct node *node, struct str key)
{
    for (struct node *member = node->members; member != NULL; member = member->next_member)
        if (str_equal(member->key, key))
            return member;
    struct node *member = new_node(node, key);
    member->next_member = node->members;
    node->members = member;
    node->member_count++;
    return member;
}

static struct node *element_of(struct node *node)
{
    if (node->element == NULL)
        node->element = new_node(node, STR_NULL);
    return node->element;
}

static struct node *walk(struct node *node, const char *path)
{
    while (*path != '\0') {
        size_t n = strcspn(path, ".[");
        if (n > 0)
            node = member_of(node, (struct str){path, n});
        path += n;
        if (strncmp(path, "[]", 2) == 0) {
            node = element_of(node);
            path += 2;
        }
        if (*path == '.')
            path++;
    }
    return node;
}

/* Members between the owner of the struct and this one may all be repeated. */
static void add_span(struct node *node, const struct node *owner, size_t offset, size_t bytes)
{
    for (; node != owner; node = node->parent) {
        node->spans = xrealloc(node->spans, (node->span_count + 1) * sizeof *node->spans);
        node->spans[node->span_count++] = (struct span){offset, bytes};
    }
}

static void add_rules(struct node *at, const struct node *owner, const struct jpath_rule *rules,
                      size_t base_offset);

static void add_element(struct node *node, enum attach attach, const struct jpath_rule *rule,
                        size_t offset)
{
    assert(node->attach == ATTACH_NONE);
    node->attach = attach;
    node->attach_offset = offset;
    node->element_bytes = rule->element_bytes;
    node->end = rule->end;
    add_rules(node, node, rule->rules, 0);
}

static void add_rule(struct node *at, const struct node *owner, const struct jpath_rule *rule,
                     size_t base_offset)
{
    struct node *node = walk(at, rule->path);
    size_t offset = base_offset + rule->offset;
    switch (rule->kind) {
    case JPATH_K_TEXT:
        assert(node->types == 0);
        node->types = rule->types;
        node->text_offset = offset;
        node->text_in_element = node == owner;
        add_span(node, owner, offset, sizeof(struct str));
        break;
    case JPATH_K_JSON:
        assert(!node->has_json);
        node->has_json = true;
        node->json_offset = offset;
        add_span(node, owner, offset, sizeof(struct str));
        break;
    case JPATH_K_EACH:
        add_span(node, owner, offset, sizeof(struct jpath_list));
        add_element(element_of(node), ATTACH_LIST, rule, offset);
        break;
    case JPATH_K_ONE:
        add_span(node, owner, offset, sizeof(void *));
        add_element(node, ATTACH_POINTER, rule, offset);
        break;
    case JPATH_K_PART:
        if (rule->end != NULL) {
            assert(node->attach == ATTACH_NONE && node->end == NULL);
            node->attach_offset = offset;
            node->end = rule->end;
        }
        add_rules(node, owner, rule->rules, offset);
        break;
    case JPATH_K_END:
        add_element(node, ATTACH_CALLBACK, rule, 0);
        break;
    }
}

static void add_rules(struct node *at, const struct node *owner, const struct jpath_rule *rules,
                      size_t base_offset)
{
    for (const struct jpath_rule *rule = rules; rule->path != NULL; rule++)
        add_rule(at, owner, rule, base_offset);
}

static size_t hash_key(struct str key)
{
    if (key.n == 0)
        return 0;
    const unsigned char *p = (const unsigned char *)key.p;
    size_t mix =
        key.n + ((size_t)p[0] << 5) + ((size_t)p[key.n - 1] << 11) + ((size_t)p[key.n / 2] << 17);
    return (mix * (size_t)0x9E3779B97F4A7C15u) >> 40;
}

static void put_slot(struct node *node, const struct node *member)
{
    size_t at = hash_key(member->key);
    while (node->slots[at & node->slot_mask].member != NULL)
        at++;
    struct slot *slot = &node->slots[at & node->slot_mask];
    slot->member = member;
    slot->name_bytes = LONG_NAME;
    if (member->key.n > sizeof slot->name)
        return;
    slot->name_bytes = (unsigned char)member->key.n;
    memcpy(slot->name, member->key.p, member->key.n);
}

/* Four slots a member keep nearly every lookup at one comparison. */
static void build_slots(struct node *node)
{
    if (node->element != NULL)
        build_slots(node->element);
    if (node->member_count == 0)
        return;
    size_t slots = 4;
    while (slots < 4 * node->member_count)
        slots *= 2;
    node->slot_mask = slots - 1;
    node->slots = xcalloc(slots, sizeof *node->slots);
    for (struct node *member = node->members; member != NULL; member = member->next_member) {
        put_slot(node, member);
        build_slots(member);
    }
}

static bool same_word(const char *a, const char *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof x);
    memcpy(&y, b, sizeof y);
    return x == y;
}

/* Names are short, and a call of memcmp costs more than comparing them: in words, the last of which
 * overlaps the one before. */
static bool same_name(const char *a, const char *b, size_t n)
{
    size_t at = 0;
    if (n >= sizeof(uint64_t)) {
        for (; n - at > sizeof(uint64_t); at += sizeof(uint64_t))
            if (!same_word(a + at, b + at))
                return false;
        return same_word(a + n - sizeof(uint64_t), b + n - sizeof(uint64_t));
    }
    while (at < n && a[at] == b[at])
        at++;
    return at == n;
}

static bool slot_is(const struct slot *slot, struct str key)
{
    if (slot->name_bytes == LONG_NAME)
        return str_equal(slot->member->key, key);
    return slot->name_bytes == key.n && same_name(slot->name, key.p, key.n);
}

static const struct node *find_member(const struct node *node, struct str key)
{
    if (node->slots == NULL)
        return NULL;
    size_t at = hash_key(key);
    const struct slot *slot = &node->slots[at & node->slot_mask];
    while (slot->member != NULL && !slot_is(slot, key))
        slot = &node->slots[++at & node->slot_mask];
    return slot->member;
}

static void free_node(struct node *node)
{
    if (node == NULL)
        return;
    while (node->members != NULL) {
        struct node *next = node->members->next_member;
        free_node(node->members);
        node->members = next;
    }
    free_node(node->element);
    free(node->slots);
    free(node->spans);
    free(node);
}

/* ---- where we are ---- */

static void add_path(struct buf *path, const struct node *node)
{
    if (str_is_null(node->key))
        return;
    if (path->n > 0)
        (void)buf_add_text(path, ".");
    (void)buf_add_str(path, node->key);
}

static void build_path(const struct jpath *j, struct buf *path)
{
    for (size_t i = 0; i < j->frame_count; i++) {
        const struct frame *frame = &j->frames[i];
        add_path(path, frame->node);
        if (frame->is_array && frame->index >= 0)
            (void)buf_printf(path, "[%lld]", (long long)frame->index);
    }
    if (j->pending != NULL)
        add_path(path, j->pending);
}

struct str jpath_path(const struct jpath *j, struct arena *arena)
{
    struct buf path;
    buf_init(&path, PATH_BYTES);
    build_path(j, &path);
    struct str text = arena_str(arena, buf_peek(&path));
    buf_done(&path);
    return text;
}

static int64_t position(const struct jpath *j)
{
    return j->slice_start + (int64_t)yajl_get_bytes_consumed(j->parser);
}

int64_t jpath_offset(const struct jpath *j)
{
    return j->last_event;
}

uint64_t jpath_replaced(const struct jpath *j)
{
    return j->replaced + j->surrogates.replaced;
}

const struct jpath_fault *jpath_fault(const struct jpath *j)
{
    return &j->fault;
}

static enum rc stop(struct jpath *j, enum rc rc)
{
    j->stopped = true;
    j->rc = rc;
    return rc;
}

static enum rc fail(struct jpath *j, enum jpath_fault_kind kind, int64_t offset, struct str detail)
{
    struct buf path;
    buf_init(&path, PATH_BYTES);
    build_path(j, &path);
    struct str text = buf_peek(&path);
    memcpy(j->fault_path, text.p, text.n);
    j->fault = (struct jpath_fault){kind, {j->fault_path, text.n}, offset, detail};
    buf_done(&path);
    return stop(
        j, err_set(j->err, RC_REJECT, "%.*s at byte %lld", STR_ARGS(detail), (long long)offset));
}

static int fail_size(struct jpath *j, int64_t offset, const char *what, size_t most)
{
    int n = snprintf(j->fault_detail, sizeof j->fault_detail, "%s is larger than %zu bytes", what,
                     most);
    (void)fail(j, JPATH_FAULT_SIZE, offset, (struct str){j->fault_detail, (size_t)n});
    return 0;
}

static int fail_memory(struct jpath *j)
{
    (void)fail(j, JPATH_FAULT_SIZE, j->last_event,
               STR_LIT("the document needs more memory than one document may take"));
    return 0;
}

/* ---- events of the parser ---- */

static void count_replaced(struct jpath *j, uint64_t replaced)
{
    j->replaced += replaced;
    for (size_t i = 0; i < j->frame_count; i++)
        if (j->frames[i].element != NULL && (i == 0 || j->frames[i - 1].base != j->frames[i].base))
            j->frames[i].element->replaced += replaced;
}

/* false: no memory left for the copy. */
static bool make_storable(struct jpath *j, struct str *text, uint64_t *replaced)
{
    if (!text_is_clean(*text))
        *text = text_clean(j->arena, *text, replaced);
    return !str_is_null(*text);
}

static struct str *field_at(unsigned char *base, size_t offset)
{
    return (struct str *)(void *)(base + offset);
}

static bool capturing(const struct jpath *j)
{
    return j->capture_depth > 0;
}

/* The rule node of the value that begins now; NULL: nobody wants it. */
static const struct node *next_target(struct jpath *j)
{
    if (j->frame_count == 0)
        return j->root_node;
    struct frame *top = &j->frames[j->frame_count - 1];
    if (top->is_array) {
        top->index++;
        return top->node->element;
    }
    const struct node *target = j->pending;
    j->pending = NULL;
    return target;
}

static const struct frame *outer_frame(const struct jpath *j)
{
    return j->frame_count == 0 ? &j->outside : &j->frames[j->frame_count - 1];
}

static void link_element(struct jpath_list *list, struct jpath_element *element)
{
    if (list->last != NULL)
        list->last->next = element;
    else
        list->first = element;
    list->last = element;
    list->count++;
}

static struct jpath_element *make_element(struct jpath *j, const struct node *node,
                                          const struct frame *outer)
{
    struct jpath_element *element = arena_alloc(j->arena, node->element_bytes);
    if (element == NULL)
        return NULL;
    element->index = outer->index;
    element->offset = j->last_event;
    if (node->attach == ATTACH_LIST)
        link_element((void *)(outer->base + node->attach_offset), element);
    else if (node->attach == ATTACH_POINTER)
        *(void **)(void *)(outer->base + node->attach_offset) = element;
    return element;
}

static bool store_capture(struct jpath *j)
{
    struct str json = arena_str(j->arena, json_writer_peek(j->capture));
    *field_at(j->capture_base, j->capture_offset) = json;
    return !str_is_null(json);
}

static void begin_capture(struct jpath *j, const struct node *node, const struct frame *outer)
{
    assert(!capturing(j));
    j->capture_base = outer->base;
    j->capture_offset = node->json_offset;
    json_writer_reset(j->capture);
}

/* The parser takes any number of values one after the other; a document is one. */
static bool begin_value(struct jpath *j)
{
    if (j->depth > 0)
        return true;
    if (j->begun)
        (void)fail(j, JPATH_FAULT_SYNTAX, j->last_event, STR_LIT(TRAILING_GARBAGE));
    j->begun = true;
    return !j->stopped;
}

/* What every event does first; false: nothing more to do than to capture. */
static bool enter(struct jpath *j)
{
    j->last_event = position(j);
    return j->skipped == 0;
}

/* base: the element, or what encloses a part. */
static int end_element(struct jpath *j, const struct node *node, unsigned char *base)
{
    size_t offset = node->attach == ATTACH_NONE ? node->attach_offset : 0;
    enum rc rc = node->end(j->context, base + offset, j->err);
    if (rc == RC_REJECT)
        return fail_memory(j);
    if (rc != RC_OK)
        (void)stop(j, rc);
    return rc == RC_OK;
}

static int open_container(struct jpath *j, bool is_array)
{
    if (!begin_value(j))
        return 0;
    bool wanted = enter(j);
    if (j->depth++ >= j->limits.depth) {
        (void)fail(j, JPATH_FAULT_DEPTH, j->last_event, STR_LIT("nested too deeply"));
        return 0;
    }
    const struct node *target = wanted ? next_target(j) : NULL;
    const struct frame *outer = outer_frame(j);
    if (target != NULL && target->has_json)
        begin_capture(j, target, outer);
    if (capturing(j) || (target != NULL && target->has_json)) {
        j->capture_depth++;
        json_writer_open(j->capture, is_array);
    }
    if (target == NULL) {
        j->skipped++;
        return 1;
    }
    struct frame frame = {target, outer->base, outer->element, -1, is_array};
    if (target->attach != ATTACH_NONE) {
        frame.element = make_element(j, target, outer);
        frame.base = (unsigned char *)frame.element;
        if (frame.element == NULL)
            return fail_memory(j);
    }
    if (is_array ? target->element == NULL : target->slots == NULL && target->end == NULL) {
        j->skipped++;
        return target->end == NULL || end_element(j, target, frame.base);
    }
    j->frames[j->frame_count++] = frame;
    return 1;
}

static int close_container(struct jpath *j, bool is_array)
{
    (void)enter(j);
    j->depth--;
    if (capturing(j)) {
        json_writer_close(j->capture, is_array);
        if (--j->capture_depth == 0 && !store_capture(j))
            return fail_memory(j);
    }
    if (j->skipped > 0) {
        j->skipped--;
        return 1;
    }
    const struct frame *frame = &j->frames[j->frame_count - 1];
    if (frame->node->end != NULL && !end_element(j, frame->node, frame->base))
        return 0;
    j->frame_count--;
    return 1;
}

static int on_start_map(void *context)
{
    return open_container(context, false);
}

static int on_end_map(void *context)
{
    return close_container(context, false);
}

static int on_start_array(void *context)
{
    return open_container(context, true);
}

static int on_end_array(void *context)
{
    return close_container(context, true);
}

/* Nearly all are texts, and calling memset for each costs more than the rest of this. */
static void clear_span(unsigned char *base, const struct span *span)
{
    if (span->bytes == sizeof(struct str))
        memset(base + span->offset, 0, sizeof(struct str));
    else
        memset(base + span->offset, 0, span->bytes);
}

static int on_key(void *context, const unsigned char *p, size_t n)
{
    struct jpath *j = context;
    int64_t before = j->last_event;
    bool wanted = enter(j);
    struct str key = {n > 0 ? (const char *)p : "", n};
    if (n > j->limits.string_bytes)
        return fail_size(j, before, "a member name", j->limits.string_bytes);
    if (capturing(j)) {
        uint64_t replaced = 0;
        struct str name = key;
        if (!make_storable(j, &name, &replaced))
            return fail_memory(j);
        json_writer_text(j->capture, name);
    }
    if (!wanted)
        return 1;
    const struct frame *top = &j->frames[j->frame_count - 1];
    j->pending = find_member(top->node, key);
    if (j->pending == NULL)
        return 1;
    for (size_t i = 0; i < j->pending->span_count; i++)
        clear_span(top->base, &j->pending->spans[i]);
    return 1;
}

static void write_scalar(struct json_writer *writer, enum jpath_types type, struct str text)
{
    if (type == JPATH_TAKES_STRING)
        json_writer_text(writer, text);
    else if (type == JPATH_TAKES_NUMBER)
        json_writer_number(writer, text);
    else
        json_writer_bool(writer, str_is(text, "true"));
}

static int store_scalar(struct jpath *j, const struct node *target, enum jpath_types type,
                        struct str text)
{
    const struct frame *outer = outer_frame(j);
    unsigned char *base = outer->base;
    if (target->attach != ATTACH_NONE &&
        (base = (unsigned char *)make_element(j, target, outer)) == NULL)
        return fail_memory(j);
    if (target->has_json) {
        begin_capture(j, target, outer);
        write_scalar(j->capture, type, text);
        if (!store_capture(j))
            return fail_memory(j);
    }
    if ((target->types & type) != 0) {
        struct str copy = arena_str(j->arena, text);
        if (str_is_null(copy))
            return fail_memory(j);
        *field_at(target->text_in_element ? base : outer->base, target->text_offset) = copy;
    }
    return target->end == NULL || end_element(j, target, base);
}

/* Scalars reach their rule as text; what nobody reads is not even made storable. */
static int on_scalar(struct jpath *j, enum jpath_types type, struct str text, const char *what)
{
    if (!begin_value(j))
        return 0;
    int64_t before = j->last_event;
    bool wanted = enter(j);
    if (text.n > j->limits.string_bytes)
        return fail_size(j, before, what, j->limits.string_bytes);
    const struct node *target = wanted ? next_target(j) : NULL;
    if (target == NULL && !capturing(j))
        return 1;
    uint64_t replaced = 0;
    if (type == JPATH_TAKES_STRING && !make_storable(j, &text, &replaced))
        return fail_memory(j);
    if (replaced > 0)
        count_replaced(j, replaced);
    if (capturing(j))
        write_scalar(j->capture, type, text);
    return target == NULL ? 1 : store_scalar(j, target, type, text);
}

static int on_null(void *context)
{
    struct jpath *j = context;
    if (!begin_value(j))
        return 0;
    bool wanted = enter(j);
    if (capturing(j))
        json_writer_null(j->capture);
    if (wanted)
        (void)next_target(j);
    return 1;
}

static int on_boolean(void *context, int value)
{
    return on_scalar(context, JPATH_TAKES_BOOL, value ? STR_LIT("true") : STR_LIT("false"),
                     "a boolean");
}

static int on_number(void *context, const char *p, size_t n)
{
    return on_scalar(context, JPATH_TAKES_NUMBER, (struct str){p, n}, "a number");
}

static int on_string(void *context, const unsigned char *p, size_t n)
{
    return on_scalar(context, JPATH_TAKES_STRING, (struct str){n > 0 ? (const char *)p : "", n},
                     "a text");
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end_map,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end_array,
};

/* ---- documents ---- */

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

static yajl_alloc_funcs parser_memory = {parser_malloc, parser_realloc, parser_free, NULL};

struct jpath *jpath_new(const struct jpath_rule *rules)
{
    struct jpath *j = xcalloc(1, sizeof *j);
    j->root_node = new_node(NULL, STR_NULL);
    add_rules(j->root_node, j->root_node, rules, 0);
    build_slots(j->root_node);
    j->capture = json_writer_new(LIMIT_JSON_DOCUMENT_BYTES);
    buf_init(&j->held, SIZE_MAX / 2);
    return j;
}

void jpath_free(struct jpath **jpath)
{
    if (jpath == NULL || *jpath == NULL)
        return;
    struct jpath *j = *jpath;
    if (j->parser != NULL)
        yajl_free(j->parser);
    json_writer_free(&j->capture);
    buf_done(&j->held);
    free_node(j->root_node);
    free(j);
    *jpath = NULL;
}

/* A parser costs as much as a tenth of a webhook's body, and yajl cannot reset one: but made to
 * take several values, it goes on to the next document, if it is clean. */
static void begin_parser(struct jpath *j)
{
    if (j->parser != NULL && !j->parser_is_clean) {
        yajl_free(j->parser);
        j->parser = NULL;
    }
    j->parser_is_clean = false;
    if (j->parser != NULL)
        return;
    j->parser = yajl_alloc(&callbacks, &parser_memory, j);
    (void)yajl_config(j->parser, yajl_allow_multiple_values, 1);
}

/* After bytes behind the value the lexer may hold the beginning of a token, and after a large
 * document much memory. */
static bool leaves_clean_parser(const struct jpath *j)
{
    return j->last_event == j->slice_start && (size_t)j->slice_start <= SLICE_BYTES;
}

void jpath_begin(struct jpath *j, const struct jpath_limits *limits, struct arena *arena,
                 void *root, void *context)
{
    assert(limits->depth <= FRAMES);
    begin_parser(j);
    j->limits = *limits;
    j->arena = arena;
    j->context = context;
    j->outside = (struct frame){NULL, root, NULL, -1, false};
    j->frame_count = 0;
    j->pending = NULL;
    j->begun = false;
    j->depth = j->skipped = 0;
    j->capture_depth = 0;
    j->slice_start = j->last_event = j->hold_until = 0;
    buf_reset(&j->held);
    surrogate_init(&j->surrogates);
    j->bom_matched = 0;
    j->bom_done = false;
    j->replaced = 0;
    j->stopped = false;
    j->rc = RC_OK;
    j->fault = (struct jpath_fault){JPATH_FAULT_SYNTAX, STR_NULL, 0, STR_NULL};
}

static void keep_parser_message(struct jpath *j)
{
    unsigned char *message = yajl_get_error(j->parser, 0, NULL, 0);
    size_t n = strcspn((const char *)message, "\n");
    (void)snprintf(j->fault_detail, sizeof j->fault_detail, "%.*s", (int)n, (const char *)message);
    yajl_free_error(j->parser, message);
}

static enum rc judge(struct jpath *j, yajl_status status)
{
    if (status == yajl_status_ok)
        return RC_OK;
    if (j->stopped)
        return j->rc;
    if (j->begun && j->depth == 0)
        return fail(j, JPATH_FAULT_SYNTAX, j->last_event, STR_LIT(TRAILING_GARBAGE));
    keep_parser_message(j);
    /* For a token in the wrong place the parser's own offset depends on how the bytes were cut. */
    bool misplaced = str_starts_with(str_of(j->fault_detail), "parse error");
    return fail(j, JPATH_FAULT_SYNTAX, misplaced ? j->last_event : position(j),
                str_of(j->fault_detail));
}

static enum rc parse(struct jpath *j, const char *bytes, size_t n)
{
    enum rc rc = judge(j, yajl_parse(j->parser, (const unsigned char *)bytes, n));
    if (rc == RC_OK)
        j->slice_start += (int64_t)n;
    return rc;
}

/* The parser would keep an endless token in memory; looking at fixed places of the document makes
 * the verdict the same however it was cut. */
static enum rc check_growth(struct jpath *j)
{
    if ((size_t)j->slice_start > j->limits.document_bytes) {
        (void)fail_size(j, (int64_t)j->limits.document_bytes, "the document",
                        j->limits.document_bytes);
        return j->rc;
    }
    if (j->slice_start % (int64_t)SLICE_BYTES == 0 &&
        (size_t)(j->slice_start - j->last_event) > ESCAPE_FACTOR * j->limits.string_bytes) {
        (void)fail_size(j, j->last_event, "a text", j->limits.string_bytes);
        return j->rc;
    }
    return RC_OK;
}

static int64_t taken(const struct jpath *j)
{
    return j->slice_start + (int64_t)j->held.n;
}

/* The parser reads an unfinished token from its beginning with every piece. So a long one is given
 * to it in pieces of its own length, which read each byte twice at most. */
static void hold_long_token(struct jpath *j)
{
    int64_t pending = j->slice_start - j->last_event;
    bool is_long = j->slice_start % (int64_t)SLICE_BYTES == 0 && pending > (int64_t)SLICE_BYTES;
    int64_t slices = pending / (int64_t)SLICE_BYTES;
    j->hold_until = is_long ? j->slice_start + slices * (int64_t)SLICE_BYTES : 0;
}

static enum rc parse_piece(struct jpath *j, const char *bytes, size_t n)
{
    enum rc rc = parse(j, bytes, n);
    if (rc == RC_OK)
        rc = check_growth(j);
    if (rc == RC_OK)
        hold_long_token(j);
    return rc;
}

static enum rc release_held(struct jpath *j)
{
    struct buf held = j->held;
    if (held.n == 0)
        return RC_OK;
    buf_init(&j->held, held.max);
    enum rc rc = parse_piece(j, held.p, held.n);
    buf_done(&held);
    return rc;
}

static enum rc take_slice(struct jpath *j, const char *bytes, size_t n)
{
    if (j->hold_until == 0)
        return parse_piece(j, bytes, n);
    (void)buf_add(&j->held, bytes, n); /* check_growth bounds it */
    bool is_full = taken(j) >= j->hold_until || (size_t)taken(j) > j->limits.document_bytes;
    return is_full ? release_held(j) : RC_OK;
}

/* Bytes up to the next place where check_growth looks. */
static size_t slice_of(const struct jpath *j, size_t n)
{
    size_t to_boundary = SLICE_BYTES - (size_t)taken(j) % SLICE_BYTES;
    size_t to_limit = j->limits.document_bytes + 1 - (size_t)taken(j);
    size_t most = to_boundary < to_limit ? to_boundary : to_limit;
    return n < most ? n : most;
}

static enum rc parse_slices(struct jpath *j, const char *bytes, size_t n)
{
    enum rc rc = RC_OK;
    while (n > 0 && rc == RC_OK) {
        size_t slice = slice_of(j, n);
        rc = take_slice(j, bytes, slice);
        bytes += slice;
        n -= slice;
    }
    return rc;
}

static int parse_filtered(void *context, const char *bytes, size_t n)
{
    return (int)parse_slices(context, bytes, n);
}

/* A mark may come in pieces; what turns out to be none is parsed after all. */
static enum rc skip_bom(struct jpath *j, const char **bytes, size_t *n)
{
    while (!j->bom_done && *n > 0) {
        if (**bytes != BOM[j->bom_matched]) {
            j->bom_done = true;
            return parse_slices(j, BOM, j->bom_matched);
        }
        (*bytes)++;
        (*n)--;
        if (++j->bom_matched == BOM_BYTES) {
            j->bom_done = true;
            j->slice_start = j->last_event = BOM_BYTES;
        }
    }
    return RC_OK;
}

enum rc jpath_feed(struct jpath *j, const char *bytes, size_t n, struct err *err)
{
    if (j->stopped)
        return RC_OK;
    j->err = err;
    enum rc rc = skip_bom(j, &bytes, &n);
    if (rc == RC_OK)
        rc = (enum rc)surrogate_feed(&j->surrogates, bytes, n, parse_filtered, j);
    return rc;
}

enum rc jpath_finish(struct jpath *j, struct err *err)
{
    if (j->stopped)
        return RC_OK;
    j->err = err;
    enum rc rc = RC_OK;
    if (!j->bom_done)
        rc = parse_slices(j, BOM, j->bom_matched);
    if (rc == RC_OK)
        rc = (enum rc)surrogate_end(&j->surrogates, parse_filtered, j);
    if (rc == RC_OK)
        rc = release_held(j);
    if (rc != RC_OK)
        return rc;
    bool is_clean = leaves_clean_parser(j);
    yajl_status status = yajl_complete_parse(j->parser);
    if (status == yajl_status_error && !j->stopped) {
        keep_parser_message(j);
        return fail(j, JPATH_FAULT_SYNTAX, j->slice_start, str_of(j->fault_detail));
    }
    if (status == yajl_status_ok && !j->begun) /* a parser that has read one before */
        return fail(j, JPATH_FAULT_SYNTAX, j->slice_start, STR_LIT(PREMATURE_END));
    j->parser_is_clean = is_clean && status == yajl_status_ok;
    return judge(j, status);
}
