/* export_topics.h: which topic of a forum a message belongs to, by the chain of replies.
 *
 * An export names no topics: a message belongs to the one whose "topic_created" message it answers,
 * directly or through others (reference/telegram.md 10.8). Of every message since the first topic
 * the topic is remembered, of the newest TGX_TOPICS_REMEMBERED at least half: a reply to something
 * older counts as broken. Chats without topics cost nothing.
 * Owns:    a table that grows to 8 MiB at most, and the titles of the topics.
 * Threads: one owner. */
#ifndef SLUICE_TRANSFORM_TELEGRAM_EXPORT_TOPICS_H
#define SLUICE_TRANSFORM_TELEGRAM_EXPORT_TOPICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/str.h"

#define TGX_TOPICS_REMEMBERED (256 * 1024)
#define TGX_TOPICS_MOST 4096 /* of one chat; further ones are read as General */
#define TGX_GENERAL 0

struct tgx_topics;

struct tgx_topics *tgx_topics_new(void);
void tgx_topics_free(struct tgx_topics **topics);
void tgx_topics_reset(struct tgx_topics *topics); /* another chat */

/* false: there are too many. */
bool tgx_topics_add(struct tgx_topics *topics, int64_t topic);
bool tgx_topics_is_root(const struct tgx_topics *topics, int64_t message);
/* The topic of a message that answers another (0: none), which is remembered. is_broken: the other
 * one is not known, so General is a guess. */
int64_t tgx_topics_place(struct tgx_topics *topics, int64_t message, int64_t answers,
                         bool *is_broken_out);

#endif
