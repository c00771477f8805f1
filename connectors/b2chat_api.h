/* b2chat_api.h: the calls of B2Chat's export API: token, pages, and how often one may call.
 *
 * Token:   kept until a minute before it ends. The server gives out the same token until then, so
 *          that one which ends soon is used up, and only asked for when it has ended. A 401 drops
 *          it and repeats the call once.
 * Pages:   a page that takes too long, or is too large, is asked for again with half the rows, down
 *          to 25 (for its size: 1); after 20 good pages twice as many, up to the first number.
 * Rate:    a token bucket of calls_per_second, and calls_per_day.
 * Errors:  as http_retry.h; RC_REJECT too when the calls of the day are used up.
 * Owns:    the connection, a page until the next call.
 * Source:  reference/b2chat.md 3, 4, 5, 10.1.
 * Threads: one owner. */
#ifndef SLUICE_CONNECTORS_B2CHAT_API_H
#define SLUICE_CONNECTORS_B2CHAT_API_H

#include "connectors/b2chat_page.h"
#include "connectors/http_retry.h"
#include "lib/day.h"
#include "lib/zone.h"

enum b2chat_list { B2CHAT_CHATS, B2CHAT_CONTACTS, B2CHAT_LISTS };

struct b2chat_pace {              /* kept by the caller between runs; zero at first */
    int32_t day;                  /* of this machine's clock and the account's zone */
    int64_t calls;                /* on that day */
    int64_t limits[B2CHAT_LISTS]; /* rows of a page */
};

struct b2chat_api_conf { /* borrowed */
    const char *url;
    const char *ca_file;
    const char *client_id, *client_secret;
    int64_t calls_per_second, calls_per_day;
    struct zone *zone; /* of the account */
    bool is_hasty;     /* a call that fails is not tried again */
    struct b2chat_pace *pace;
    struct http_counts *counts;
};

struct b2chat_query {
    enum b2chat_list list;
    int32_t from, to; /* local days, both included: of creation, or of a contact's last change */
    int64_t offset;
};

struct b2chat_reply {
    struct b2chat_page page;
    struct str body;
    int64_t limit;      /* rows asked for */
    int64_t fetched_at; /* by this machine's clock */
};

struct b2chat_api;

enum rc b2chat_api_open(const struct b2chat_api_conf *conf, struct b2chat_api **api_out,
                        struct err *err) MUST_USE;
void b2chat_api_close(struct b2chat_api **api);

/* Gets a token if there is none. */
enum rc b2chat_api_login(struct b2chat_api *api, struct err *err) MUST_USE;
enum rc b2chat_api_page(struct b2chat_api *api, const struct b2chat_query *query,
                        struct b2chat_reply *reply_out, struct err *err) MUST_USE;

/* The time by the server's clock, as its last reply told it; by this machine's before that. It says
 * which day it is there, however wrong a clock is. */
int64_t b2chat_api_now(const struct b2chat_api *api);
/* How far that is from this machine's. */
int64_t b2chat_api_skew_us(const struct b2chat_api *api);

/* "/chats/export" */
const char *b2chat_api_path(enum b2chat_list list);

#endif
