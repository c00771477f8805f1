/* difference.h: what happened between two snapshots of a chat, as far as they tell.
 *
 * B2Chat announces neither transfers nor tags: only the comparison of a chat as it was known with
 * the chat as it is now shows them. Both must be known; a chat seen for the first time changes
 * nothing. A pure function: the same two snapshots give the same events with the same ids.
 *
 * Owns:    nothing; an event's texts are valid during the callback.
 * Errors:  RC_REJECT = no memory left in the arena; other results are the callback's.
 * Source:  reference/b2chat.md 11.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_B2CHAT_DIFFERENCE_H
#define SLUICE_TRANSFORM_B2CHAT_DIFFERENCE_H

#include <stdint.h>

#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/str.h"

struct b2_snapshot {   /* columns of a conversation */
    struct str status; /* canonical */
    struct str agent_external_id, department_external_id;
    const struct str *tags;
    size_t tag_count;
    int64_t picked_up_at; /* TIME_NONE: nobody took it yet */
    int64_t as_of;        /* of the reply: fetched_at */
};

struct b2_change {
    struct str external_id; /* of the event, or of the escalation */
    /* transferred, tag_added, tag_removed; escalated: the chat was with a bot and is now with an
     * agent, which is the escalation "<chat_id>:bot" (reference 11), not an event of its own */
    const char *type;
    int64_t occurred_at;
    /* transferred; STR_NULL where that side did not change */
    struct str from_agent, to_agent, from_department, to_department;
    struct str tag; /* of the others */
};

typedef enum rc b2_change_fn(void *context, const struct b2_change *change, struct err *err);

/* Nothing unless current is the later of the two. */
enum rc b2_difference(struct str chat_id, const struct b2_snapshot *previous,
                      const struct b2_snapshot *current, struct arena *arena, b2_change_fn *take,
                      void *context, struct err *err) MUST_USE;

#endif
