/* telegram_api.h: the calls of the Bot API that a poller makes, and what their answers say.
 *
 * Never called: anything that sends, and anything that forgets what was not fetched yet
 * (deleteWebhook, drop_pending_updates, negative offsets).
 * Owns:    the connection; an answer until the next call.
 * Errors:  RC_OK; RC_AGAIN, RC_RETRY, RC_FATAL as http_retry.h; RC_REJECT = somebody must mend it:
 *          the message says what. Two pollers of one bot (409) are RC_RETRY: the other one may end.
 * Secrets: the token stands in every URL and in no message.
 * Source:  reference/telegram.md 2, 3.
 * Threads: one owner. */
#ifndef SLUICE_CONNECTORS_TELEGRAM_API_H
#define SLUICE_CONNECTORS_TELEGRAM_API_H

#include "connectors/http_retry.h"

#define TELEGRAM_URL "https://api.telegram.org"
#define TELEGRAM_POLL_S 50 /* the server makes no request wait longer */
#define TELEGRAM_NAME_BYTES 80

struct telegram_api;

struct telegram_api_conf { /* borrowed */
    const char *url;
    const char *ca_file;
    const char *token;
    bool is_hasty; /* a call that fails is not tried again */
    struct http_counts *counts;
};

enum rc telegram_api_open(const struct telegram_api_conf *conf, struct telegram_api **api_out,
                          struct err *err) MUST_USE;
void telegram_api_close(struct telegram_api **api);

struct telegram_updates {
    struct str body; /* the whole answer */
    int64_t count;
    int64_t last_id; /* of the last one in the answer; where count is not 0 */
};
/* Confirms every update below offset (0 = none) and fetches what comes after, waiting up to
 * timeout_s for a first one. */
enum rc telegram_api_updates(struct telegram_api *api, int64_t offset, int timeout_s,
                             struct telegram_updates *updates_out, struct err *err) MUST_USE;

struct telegram_webhook {
    bool is_set;
    int64_t pending; /* updates that wait on the server */
};
enum rc telegram_api_webhook(struct telegram_api *api, struct telegram_webhook *webhook_out,
                             struct err *err) MUST_USE;

/* The bot's user name. */
enum rc telegram_api_name(struct telegram_api *api, char name_out[static TELEGRAM_NAME_BYTES],
                          struct err *err) MUST_USE;

/* The error for a bot whose updates go to a webhook. */
enum rc telegram_api_has_webhook(struct err *err);

#endif
