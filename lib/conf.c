#include "lib/conf_session.h"

#include <libgen.h>
#include <stdlib.h>

#include "lib/limits.h"

struct conf *conf_new(const char *path)
{
    struct conf *conf = xcalloc(1, sizeof *conf);
    conf->file = path;
    conf->arena = arena_new("configuration", LIMIT_PIPELINE_ARENA_BYTES);
    struct str copy = arena_str(conf->arena, str_of(path));
    conf->folder = str_is_null(copy) ? "." : dirname((char *)copy.p);
    return conf;
}

void conf_free(struct conf **conf)
{
    if (conf == NULL || *conf == NULL)
        return;
    arena_free(&(*conf)->arena);
    free(*conf);
    *conf = NULL;
}

struct arena *conf_arena(struct conf *conf)
{
    return conf->arena;
}

/* ---- faults ---- */

__attribute__((format(printf, 3, 0))) static void
add_fault(struct conf *conf, struct conf_place place, const char *format, va_list args)
{
    conf_faults_add(
        &conf->faults, place.at,
        conf_faults_format(conf->arena, conf->file, place.at, place.path, format, args));
}

void conf_fault_at(struct conf *conf, struct conf_place place, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_fault(conf, place, format, args);
    va_end(args);
}

static struct conf_place place_of(const struct conf *conf, const void *address)
{
    for (const struct conf_field *field = conf->fields; field != NULL; field = field->next)
        if (field->address == address)
            return field->place;
    return (struct conf_place){{1, 1}, NULL};
}

void conf_fault(struct conf *conf, const void *field, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    add_fault(conf, place_of(conf, field), format, args);
    va_end(args);
}

const char *conf_note(struct conf *conf, const void *field, const char *format, ...)
{
    struct conf_place place = place_of(conf, field);
    va_list args;
    va_start(args, format);
    const char *text =
        conf_faults_format(conf->arena, conf->file, place.at, place.path, format, args);
    va_end(args);
    return text != NULL ? text : format;
}

enum rc conf_end(struct conf *conf, conf_report_fn *report, void *context, struct err *err)
{
    size_t total = conf->faults.total;
    if (total == 0)
        return RC_OK;
    conf_faults_sort(&conf->faults);
    for (size_t i = 0; i < conf->faults.n; i++)
        report(context, conf->faults.v[i].message);
    return err_set(err, RC_REJECT, "\"%s\" has %zu fault%s%s", conf->file, total,
                   total == 1 ? "" : "s",
                   total > conf->faults.n ? "; only the first ones found are listed" : "");
}

/* ---- places ---- */

void conf_remember(struct conf *conf, const void *address, struct conf_place place)
{
    struct conf_field *field = arena_alloc(conf->arena, sizeof *field);
    if (field == NULL)
        return;
    *field = (struct conf_field){address, place, conf->fields};
    conf->fields = field;
}

/* Paths only serve messages: without room they lose their last part. */
static const char *join(struct conf *conf, const char *path, struct str name)
{
    struct str joined = path != NULL ? arena_printf(conf->arena, "%s.%.*s", path, STR_ARGS(name))
                                     : arena_str(conf->arena, name);
    return str_is_null(joined) ? path : joined.p;
}

struct conf_place conf_member_place(struct conf *conf, struct conf_place section,
                                    const struct conf_node *value)
{
    return (struct conf_place){value->at, join(conf, section.path, value->key->text)};
}

struct conf_place conf_missing_place(struct conf *conf, struct conf_place section, const char *name)
{
    return (struct conf_place){section.at, join(conf, section.path, str_of(name))};
}

struct conf_place conf_element_place(struct conf *conf, struct conf_place list,
                                     const struct conf_node *element, size_t index)
{
    struct str path = arena_printf(conf->arena, "%s[%zu]", list.path, index);
    return (struct conf_place){element->at, str_is_null(path) ? list.path : path.p};
}

void *conf_allocate(struct conf *conf, struct conf_place place, size_t count, size_t size)
{
    void *block = arena_alloc(conf->arena, count * size);
    if (block == NULL)
        conf_fault_at(conf, place, "the file is too large");
    return block;
}
