/* sns_message.h: what Amazon SNS posts: its members, the text that it signs, and the rule for what
 * its links may lead to.
 *
 * Only the members below are read; texts live in the arena.
 * Signed:  each signed member that is there, in the order of their names, as "name LF value LF".
 *          Except for Message none of them may hold control characters: so there is one way to cut
 *          the signed text into members.
 * Source:  reference/email.md 1.6.
 * Threads: no state. */
#ifndef SLUICE_CONNECTORS_SNS_MESSAGE_H
#define SLUICE_CONNECTORS_SNS_MESSAGE_H

#include "transform/jpath.h"

enum sns_type {
    SNS_NOTIFICATION,
    SNS_SUBSCRIPTION_CONFIRMATION,
    SNS_UNSUBSCRIBE_CONFIRMATION,
    SNS_TYPES /* no such type */
};

struct sns_message {
    struct str type, id, topic, message, subject, timestamp, token, subscribe_url;
    struct str version, signature, certificate_url; /* not signed */
};

extern const struct jpath_rule sns_message_rules[];

enum sns_type sns_type_of(struct str word);
/* Whether all members that its type needs are there and hold what they may. */
bool sns_message_is_whole(const struct sns_message *message);

#define SNS_PARTS_MOST 28
/* The signed text in parts. Returns how many. */
size_t sns_message_signed(const struct sns_message *message,
                          struct str parts_out[static SNS_PARTS_MOST]);

/* https at a host sns.<region>.amazonaws.com or .com.cn, no user, no port; a certificate: a path
 * that ends in ".pem", no query. */
bool sns_is_certificate_url(struct str url);
bool sns_is_subscribe_url(struct str url);

#endif
