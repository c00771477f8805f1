#include "lib/conf_tree.h"

#include <libfyaml.h>

#include "lib/limits.h"

struct builder {
    struct arena *arena;
    struct fy_parser *parser;
    struct conf_node *root;
    struct conf_node *open[LIMIT_PIPELINE_DEPTH]; /* mappings and sequences around the next node */
    size_t depth;
    struct conf_node *key; /* read, and waiting for its value */
    int documents;
    struct conf_syntax_fault *fault;
};

static bool refuse(struct builder *b, struct conf_mark at, const char *message)
{
    *b->fault = (struct conf_syntax_fault){at, message};
    return false;
}

/* An empty value has no mark: it stands where what is around it begins. */
static struct conf_mark mark_of(const struct builder *b, const struct fy_mark *mark)
{
    if (mark != NULL)
        return (struct conf_mark){mark->line + 1, mark->column + 1};
    if (b->key != NULL)
        return b->key->at;
    return b->depth > 0 ? b->open[b->depth - 1]->at : (struct conf_mark){1, 1};
}

static struct conf_node *new_node(struct builder *b, enum conf_kind kind, struct fy_event *event)
{
    struct conf_node *node = arena_alloc(b->arena, sizeof *node);
    if (node == NULL)
        return NULL;
    node->kind = kind;
    node->at = mark_of(b, fy_event_start_mark(event));
    return node;
}

static void append(struct conf_node *parent, struct conf_node *node)
{
    if (parent->last != NULL)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    parent->count++;
}

static bool place(struct builder *b, struct conf_node *node)
{
    if (b->depth == 0) {
        b->root = node;
        return true;
    }
    struct conf_node *parent = b->open[b->depth - 1];
    if (parent->kind == CONF_SEQUENCE) {
        append(parent, node);
        return true;
    }
    if (b->key != NULL) {
        node->key = b->key;
        b->key = NULL;
        append(parent, node);
        return parent->count <= LIMIT_PIPELINE_KEYS ||
               refuse(b, node->key->at, "too many keys in one section");
    }
    if (node->kind != CONF_SCALAR)
        return refuse(b, node->at, "a key must be plain text, not a mapping or a list");
    b->key = node;
    return true;
}

static bool add_node(struct builder *b, struct conf_node *node)
{
    if (node == NULL)
        return refuse(b, (struct conf_mark){1, 1}, "the file is too large");
    return place(b, node);
}

static bool refuse_extras(struct builder *b, struct fy_event *event, struct fy_token *anchor,
                          struct fy_token *tag)
{
    struct conf_mark at = mark_of(b, fy_event_start_mark(event));
    if (anchor != NULL)
        return refuse(b, at, "anchors (&name) are not supported; write the value where it is used");
    if (tag != NULL)
        return refuse(b, at, "tags (!name) are not supported; write the plain value");
    return true;
}

static bool on_scalar(struct builder *b, struct fy_event *event)
{
    if (!refuse_extras(b, event, event->scalar.anchor, event->scalar.tag))
        return false;
    struct conf_node *node = new_node(b, CONF_SCALAR, event);
    if (node != NULL) {
        size_t n = 0;
        const char *text = fy_token_get_text(event->scalar.value, &n);
        enum fy_scalar_style style = fy_token_scalar_style(event->scalar.value);
        node->plain = style == FYSS_PLAIN;
        /* libfyaml points behind the opening quote. */
        node->at.column -= style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED;
        node->text = arena_str(b->arena, (struct str){text != NULL ? text : "", n});
        if (str_is_null(node->text))
            node = NULL;
    }
    return add_node(b, node);
}

static bool on_open(struct builder *b, struct fy_event *event, enum conf_kind kind,
                    struct fy_token *anchor, struct fy_token *tag)
{
    if (!refuse_extras(b, event, anchor, tag))
        return false;
    struct conf_node *node = new_node(b, kind, event);
    if (node != NULL && b->depth == LIMIT_PIPELINE_DEPTH)
        return refuse(b, node->at, "nested too deeply");
    if (!add_node(b, node))
        return false;
    b->open[b->depth++] = node;
    return true;
}

static bool on_document(struct builder *b, struct fy_event *event)
{
    if (++b->documents > 1)
        return refuse(b, mark_of(b, fy_event_start_mark(event)),
                      "a second document begins here; a pipeline file holds one");
    return true;
}

static bool on_event(struct builder *b, struct fy_event *event)
{
    switch (event->type) {
    case FYET_DOCUMENT_START:
        return on_document(b, event);
    case FYET_SCALAR:
        return on_scalar(b, event);
    case FYET_MAPPING_START:
        return on_open(b, event, CONF_MAPPING, event->mapping_start.anchor,
                       event->mapping_start.tag);
    case FYET_SEQUENCE_START:
        return on_open(b, event, CONF_SEQUENCE, event->sequence_start.anchor,
                       event->sequence_start.tag);
    case FYET_MAPPING_END:
    case FYET_SEQUENCE_END:
        b->depth--;
        return true;
    case FYET_ALIAS:
        return refuse(b, mark_of(b, fy_event_start_mark(event)),
                      "aliases (*name) are not supported; write the value again");
    case FYET_NONE:
    case FYET_STREAM_START:
    case FYET_STREAM_END:
    case FYET_DOCUMENT_END:
        break;
    }
    return true;
}

static void take_library_fault(struct builder *b, struct fy_diag *diag)
{
    void *position = NULL;
    const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &position);
    *b->fault = (struct conf_syntax_fault){{1, 1}, "this is not YAML"};
    if (error == NULL)
        return;
    struct str message = arena_printf(b->arena, "not valid YAML: %s", error->msg);
    if (error->line > 0)
        b->fault->at = (struct conf_mark){error->line, error->column};
    if (!str_is_null(message))
        b->fault->message = message.p;
}

static bool read_events(struct builder *b, struct fy_diag *diag)
{
    for (;;) {
        struct fy_event *event = fy_parser_parse(b->parser);
        if (event == NULL)
            break;
        bool ok = on_event(b, event);
        bool end = event->type == FYET_STREAM_END;
        fy_parser_event_free(b->parser, event);
        if (!ok)
            return false;
        if (end)
            return true;
    }
    take_library_fault(b, diag);
    return false;
}

/* libfyaml reads CR LF, but takes a byte-order mark for text. */
static struct str without_bom(struct str yaml)
{
    return str_starts_with(yaml, "\xef\xbb\xbf") ? (struct str){yaml.p + 3, yaml.n - 3} : yaml;
}

/* libfyaml takes it for the end of the file, so that what follows would be left out in silence. */
static bool refuse_nul(struct builder *b, struct str yaml)
{
    struct conf_mark at = {1, 1};
    for (size_t i = 0; i < yaml.n; i++) {
        if (yaml.p[i] == '\0')
            return refuse(b, at, "a NUL byte stands here; a pipeline file is text");
        at = yaml.p[i] == '\n' ? (struct conf_mark){at.line + 1, 1}
                               : (struct conf_mark){at.line, at.column + 1};
    }
    return true;
}

/* Of no use here, and libfyaml 0.7.12 never returns from some malformed ones. */
static bool refuse_directives(struct builder *b, struct str yaml)
{
    int line = 1;
    for (size_t i = 0; i < yaml.n; i++) {
        bool begins = i == 0 || yaml.p[i - 1] == '\n' || yaml.p[i - 1] == '\r';
        if (begins && yaml.p[i] == '%')
            return refuse(b, (struct conf_mark){line, 1},
                          "directives (lines that begin with %) are not supported");
        line += yaml.p[i] == '\n';
    }
    return true;
}

enum rc conf_tree_read(struct str yaml, struct arena *arena, struct conf_node **root_out,
                       struct conf_syntax_fault *fault_out)
{
    struct str text = without_bom(yaml);
    struct builder b = {.arena = arena, .fault = fault_out};
    if (!refuse_nul(&b, text) || !refuse_directives(&b, text))
        return RC_REJECT;
    struct fy_diag_cfg diag_cfg;
    fy_diag_cfg_default(&diag_cfg);
    struct fy_diag *diag = fy_diag_create(&diag_cfg);
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg cfg = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG, .diag = diag};
    b.parser = fy_parser_create(&cfg);
    bool ok = b.parser != NULL && fy_parser_set_string(b.parser, text.p, text.n) == 0 &&
              read_events(&b, diag);
    if (b.parser != NULL)
        fy_parser_destroy(b.parser);
    fy_diag_destroy(diag);
    *root_out = b.root;
    return ok ? RC_OK : RC_REJECT;
}
