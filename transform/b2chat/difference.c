#include "transform/b2chat/difference.h"

#include <stdbool.h>
#include <stdlib.h>

struct difference {
    struct str chat_id;
    const struct b2_snapshot *previous, *current;
    struct arena *arena;
    b2_change_fn *take;
    void *context;
};

static enum rc give(const struct difference *d, struct b2_change *change, struct err *err)
{
    if (str_is_null(change->external_id))
        return err_set(err, RC_REJECT, "a chat's changes need more memory than there is");
    return d->take(d->context, change, err);
}

static long long epoch(const struct difference *d)
{
    return (long long)(d->current->as_of / US_PER_SECOND);
}

/* From somebody to somebody else; the first assignment and the last are no transfers. */
static bool is_moved(struct str from, struct str to)
{
    return !str_is_null(from) && !str_is_null(to) && !str_equal(from, to);
}

/* One event, named by the agents where they changed, else by the departments. */
static enum rc compare_assignment(const struct difference *d, struct err *err)
{
    const struct b2_snapshot *was = d->previous;
    const struct b2_snapshot *is = d->current;
    bool agent = is_moved(was->agent_external_id, is->agent_external_id);
    bool department = is_moved(was->department_external_id, is->department_external_id);
    if (!agent && !department)
        return RC_OK;
    struct b2_change change = {.type = "transferred", .occurred_at = is->as_of};
    struct str from = agent ? was->agent_external_id : was->department_external_id;
    struct str to = agent ? is->agent_external_id : is->department_external_id;
    if (agent) {
        change.from_agent = from;
        change.to_agent = to;
    }
    if (department) {
        change.from_department = was->department_external_id;
        change.to_department = is->department_external_id;
    }
    change.external_id = arena_printf(d->arena, "%.*s:transfer:%.*s:%.*s:%lld",
                                      STR_ARGS(d->chat_id), STR_ARGS(from), STR_ARGS(to), epoch(d));
    return give(d, &change, err);
}

static int tag_order(const void *a, const void *b)
{
    const struct str *x = a;
    const struct str *y = b;
    int order = memcmp(x->p, y->p, x->n < y->n ? x->n : y->n);
    return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

static struct str *sorted_tags(struct arena *arena, const struct b2_snapshot *snapshot)
{
    struct str *tags = arena_alloc(arena, (snapshot->tag_count + 1) * sizeof *tags);
    if (tags == NULL || snapshot->tag_count == 0)
        return tags;
    memcpy(tags, snapshot->tags, snapshot->tag_count * sizeof *tags);
    qsort(tags, snapshot->tag_count, sizeof *tags, tag_order);
    return tags;
}

static enum rc give_tag(const struct difference *d, struct str tag, bool is_added, struct err *err)
{
    struct b2_change change = {.type = is_added ? "tag_added" : "tag_removed",
                               .occurred_at = d->current->as_of,
                               .tag = tag};
    change.external_id = arena_printf(d->arena, "%.*s:tag%c:%.*s:%lld", STR_ARGS(d->chat_id),
                                      is_added ? '+' : '-', STR_ARGS(tag), epoch(d));
    return give(d, &change, err);
}

static enum rc compare_tags(const struct difference *d, struct err *err)
{
    const struct str *was = sorted_tags(d->arena, d->previous);
    const struct str *is = sorted_tags(d->arena, d->current);
    if (was == NULL || is == NULL)
        return err_set(err, RC_REJECT, "a chat's tags need more memory than there is");
    enum rc rc = RC_OK;
    size_t i = 0;
    size_t j = 0;
    while (rc == RC_OK && (i < d->previous->tag_count || j < d->current->tag_count)) {
        int order = i == d->previous->tag_count  ? 1
                    : j == d->current->tag_count ? -1
                                                 : tag_order(&was[i], &is[j]);
        if (order < 0)
            rc = give_tag(d, was[i], false, err);
        else if (order > 0)
            rc = give_tag(d, is[j], true, err);
        i += order <= 0;
        j += order >= 0;
    }
    return rc;
}

static enum rc compare_bot(const struct difference *d, struct err *err)
{
    if (!str_is(d->previous->status, "bot_active") || d->current->picked_up_at == TIME_NONE)
        return RC_OK;
    struct b2_change change = {.type = "escalated", .occurred_at = d->current->as_of};
    change.external_id = arena_printf(d->arena, "%.*s:bot", STR_ARGS(d->chat_id));
    return give(d, &change, err);
}

enum rc b2_difference(struct str chat_id, const struct b2_snapshot *previous,
                      const struct b2_snapshot *current, struct arena *arena, b2_change_fn *take,
                      void *context, struct err *err)
{
    const struct difference d = {chat_id, previous, current, arena, take, context};
    if (current->as_of <= previous->as_of)
        return RC_OK;
    enum rc rc = compare_assignment(&d, err);
    if (rc == RC_OK)
        rc = compare_tags(&d, err);
    return rc == RC_OK ? compare_bot(&d, err) : rc;
}
