#include "connectors/b2chat_walk.h"

#include <stdio.h>
#include <string.h>

static void begin_reading(struct b2chat_walk *walk)
{
    walk->offset = walk->seen = 0;
    walk->first_total = -1;
    walk->tail_count = 0;
}

void b2chat_walk_begin(struct b2chat_walk *walk, bool is_settled)
{
    *walk = (struct b2chat_walk){.is_settled = is_settled};
    begin_reading(walk);
}

static void copy_id(struct str id, char text[static B2CHAT_ID_BYTES])
{
    (void)snprintf(text, B2CHAT_ID_BYTES, "%.*s", STR_ARGS(id));
}

static bool is_in_tail(const struct b2chat_walk *walk, struct str id)
{
    char text[B2CHAT_ID_BYTES];
    copy_id(id, text);
    for (size_t i = 0; i < walk->tail_count; i++)
        if (strcmp(walk->tail[i], text) == 0)
            return true;
    return false;
}

/* As sets: rows of one second have no order. */
static bool overlaps(const struct b2chat_walk *walk, const struct b2chat_page *page)
{
    if (page->count < walk->tail_count)
        return false;
    for (size_t i = 0; i < walk->tail_count; i++)
        if (!is_in_tail(walk, page->ids[i]))
            return false;
    return true;
}

static void keep_tail(struct b2chat_walk *walk, const struct b2chat_page *page)
{
    size_t n = page->count < B2CHAT_OVERLAP + 1 ? page->count - 1 : B2CHAT_OVERLAP;
    walk->tail_count = n;
    for (size_t i = 0; i < n; i++)
        copy_id(page->ids[page->count - n + i], walk->tail[i]);
}

static enum b2chat_step read_again(struct b2chat_walk *walk)
{
    walk->repeats++;
    if (walk->repeats > B2CHAT_REPEATS) {
        walk->is_unsteady = true;
        return B2CHAT_DONE;
    }
    begin_reading(walk);
    return B2CHAT_MORE;
}

static enum b2chat_step finish(struct b2chat_walk *walk, int64_t total)
{
    bool is_whole = total < 0 || (walk->seen >= total && total == walk->first_total);
    return is_whole || !walk->is_settled ? B2CHAT_DONE : read_again(walk);
}

enum b2chat_step b2chat_walk_take(struct b2chat_walk *walk, const struct b2chat_page *page,
                                  int64_t limit)
{
    if (walk->offset == 0)
        walk->first_total = page->total;
    if (!overlaps(walk, page))
        return read_again(walk);
    if (page->count == 0)
        return finish(walk, page->total);
    walk->seen += (int64_t)(page->count - walk->tail_count);
    if ((int64_t)page->count < limit)
        return finish(walk, page->total);
    walk->offset += (int64_t)page->count;
    keep_tail(walk, page);
    walk->offset -= (int64_t)walk->tail_count;
    return B2CHAT_MORE;
}
