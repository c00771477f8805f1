#include "transform/telegram/export_topics.h"

#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"

#define SLOTS_LEAST 1024
#define SLOTS_MOST (2 * TGX_TOPICS_REMEMBERED)

struct slot {
    int64_t message; /* 0: free */
    int64_t topic;
};

struct tgx_topics {
    struct slot *slots;
    size_t slot_count, used; /* a power of two; half of them stay free */
    int64_t roots[TGX_TOPICS_MOST];
    size_t root_count;
};

struct tgx_topics *tgx_topics_new(void)
{
    return xcalloc(1, sizeof(struct tgx_topics));
}

void tgx_topics_free(struct tgx_topics **topics)
{
    if (topics == NULL || *topics == NULL)
        return;
    free((*topics)->slots);
    free(*topics);
    *topics = NULL;
}

void tgx_topics_reset(struct tgx_topics *topics)
{
    free(topics->slots);
    topics->slots = NULL;
    topics->slot_count = topics->used = topics->root_count = 0;
}

bool tgx_topics_is_root(const struct tgx_topics *topics, int64_t message)
{
    for (size_t i = 0; i < topics->root_count; i++)
        if (topics->roots[i] == message)
            return true;
    return false;
}

bool tgx_topics_add(struct tgx_topics *topics, int64_t topic)
{
    if (tgx_topics_is_root(topics, topic))
        return true;
    if (topics->root_count == TGX_TOPICS_MOST)
        return false;
    topics->roots[topics->root_count++] = topic;
    return true;
}

/* Of the message, or the free one where it belongs. */
static struct slot *slot_of(const struct tgx_topics *topics, int64_t message)
{
    size_t at = (size_t)(((uint64_t)message * UINT64_C(0x9E3779B97F4A7C15)) >> 32);
    for (;; at++) {
        struct slot *slot = &topics->slots[at & (topics->slot_count - 1)];
        if (slot->message == message || slot->message == 0)
            return slot;
    }
}

static void put(struct tgx_topics *topics, int64_t message, int64_t topic)
{
    struct slot *slot = slot_of(topics, message);
    topics->used += slot->message == 0;
    *slot = (struct slot){message, topic};
}

static int by_message(const void *a, const void *b)
{
    int64_t x = ((const struct slot *)a)->message, y = ((const struct slot *)b)->message;
    return (x > y) - (x < y);
}

/* Takes over the newest messages, which have the highest ids. */
static void rebuild(struct tgx_topics *topics, size_t slot_count, size_t kept)
{
    struct slot *old = topics->slots;
    size_t old_count = topics->slot_count, used = 0;
    for (size_t i = 0; i < old_count; i++)
        if (old[i].message != 0)
            old[used++] = old[i];
    if (kept < used)
        qsort(old, used, sizeof *old, by_message);
    topics->slots = xcalloc(slot_count, sizeof *topics->slots);
    topics->slot_count = slot_count;
    topics->used = 0;
    for (size_t i = kept < used ? used - kept : 0; i < used; i++)
        put(topics, old[i].message, old[i].topic);
    free(old);
}

static void remember(struct tgx_topics *topics, int64_t message, int64_t topic)
{
    if (2 * topics->used >= topics->slot_count) {
        bool is_full = topics->slot_count == SLOTS_MOST;
        size_t wanted = topics->slot_count == 0 ? SLOTS_LEAST : 2 * topics->slot_count;
        rebuild(topics, is_full ? SLOTS_MOST : wanted,
                is_full ? TGX_TOPICS_REMEMBERED / 2 : TGX_TOPICS_REMEMBERED);
    }
    put(topics, message, topic);
}

static int64_t topic_of(const struct tgx_topics *topics, int64_t answers, bool *is_broken_out)
{
    if (answers == 0 || answers < topics->roots[0])
        return TGX_GENERAL;
    if (tgx_topics_is_root(topics, answers))
        return answers;
    const struct slot *slot = topics->slot_count > 0 ? slot_of(topics, answers) : NULL;
    bool is_known = slot != NULL && slot->message != 0;
    *is_broken_out = !is_known;
    return is_known ? slot->topic : TGX_GENERAL;
}

int64_t tgx_topics_place(struct tgx_topics *topics, int64_t message, int64_t answers,
                         bool *is_broken_out)
{
    *is_broken_out = false;
    if (topics->root_count == 0)
        return TGX_GENERAL;
    int64_t topic =
        tgx_topics_is_root(topics, message) ? message : topic_of(topics, answers, is_broken_out);
    if (message != 0)
        remember(topics, message, topic);
    return topic;
}
