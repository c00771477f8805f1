#include "connectors/sns_message.h"

#define ID_MOST_BYTES 100
#define URL_MOST_BYTES 2000
#define REGION_LEAST_BYTES 3

#define ALPHANUMERIC "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

const struct jpath_rule sns_message_rules[] = {
    JPATH_STR("Type", struct sns_message, type),
    JPATH_STR("MessageId", struct sns_message, id),
    JPATH_STR("TopicArn", struct sns_message, topic),
    JPATH_STR("Message", struct sns_message, message),
    JPATH_STR("Subject", struct sns_message, subject),
    JPATH_STR("Timestamp", struct sns_message, timestamp),
    JPATH_STR("Token", struct sns_message, token),
    JPATH_STR("SubscribeURL", struct sns_message, subscribe_url),
    JPATH_STR("SignatureVersion", struct sns_message, version),
    JPATH_STR("Signature", struct sns_message, signature),
    JPATH_STR("SigningCertURL", struct sns_message, certificate_url),
    JPATH_RULES_END,
};

enum sns_type sns_type_of(struct str word)
{
    static const char *const words[SNS_TYPES] = {
        [SNS_NOTIFICATION] = "Notification",
        [SNS_SUBSCRIPTION_CONFIRMATION] = "SubscriptionConfirmation",
        [SNS_UNSUBSCRIBE_CONFIRMATION] = "UnsubscribeConfirmation",
    };
    enum sns_type type = SNS_NOTIFICATION;
    while (type < SNS_TYPES && !str_is(word, words[type]))
        type++;
    return type;
}

/* ---- members ---- */

static bool has_only(struct str text, const char *allowed)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] == '\0' || strchr(allowed, text.p[i]) == NULL)
            return false;
    return true;
}

static bool is_one_line(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] < ' ' || text.p[i] == '\x7f')
            return false;
    return true;
}

bool sns_message_is_whole(const struct sns_message *message)
{
    enum sns_type type = sns_type_of(message->type);
    bool is_confirmation = type != SNS_NOTIFICATION;
    return type != SNS_TYPES && message->message.n > 0 && message->id.n > 0 &&
           message->id.n <= ID_MOST_BYTES && has_only(message->id, ALPHANUMERIC "-") &&
           message->topic.n > 0 && is_one_line(message->topic) && is_one_line(message->subject) &&
           message->timestamp.n > 0 && is_one_line(message->timestamp) &&
           (!is_confirmation || (message->token.n > 0 && is_one_line(message->token) &&
                                 sns_is_subscribe_url(message->subscribe_url)));
}

/* ---- the signed text ---- */

struct signed_member {
    const char *name;
    struct str value;
};

static size_t add_members(const struct signed_member *members, size_t count, struct str *parts_out)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++) {
        if (str_is_null(members[i].value))
            continue;
        parts_out[n++] = str_of(members[i].name);
        parts_out[n++] = STR_LIT("\n");
        parts_out[n++] = members[i].value;
        parts_out[n++] = STR_LIT("\n");
    }
    return n;
}

size_t sns_message_signed(const struct sns_message *message,
                          struct str parts_out[static SNS_PARTS_MOST])
{
    const struct signed_member of_notification[] = {
        {"Message", message->message}, {"MessageId", message->id},
        {"Subject", message->subject}, {"Timestamp", message->timestamp},
        {"TopicArn", message->topic},  {"Type", message->type},
    };
    const struct signed_member of_confirmation[] = {
        {"Message", message->message},
        {"MessageId", message->id},
        {"SubscribeURL", message->subscribe_url},
        {"Timestamp", message->timestamp},
        {"Token", message->token},
        {"TopicArn", message->topic},
        {"Type", message->type},
    };
    if (sns_type_of(message->type) == SNS_NOTIFICATION)
        return add_members(of_notification, sizeof of_notification / sizeof *of_notification,
                           parts_out);
    return add_members(of_confirmation, sizeof of_confirmation / sizeof *of_confirmation,
                       parts_out);
}

/* ---- links ---- */

static bool skip(struct str *rest, const char *text)
{
    if (!str_starts_with(*rest, text))
        return false;
    *rest = (struct str){rest->p + strlen(text), rest->n - strlen(text)};
    return true;
}

static size_t span(struct str text, const char *allowed)
{
    size_t n = 0;
    while (n < text.n && text.p[n] != '\0' && strchr(allowed, text.p[n]) != NULL)
        n++;
    return n;
}

/* Any other host of Amazon's may be a stranger's bucket. path_out: from its "/" on. */
static bool is_of_sns(struct str url, struct str *path_out)
{
    struct str rest = url;
    if (url.n > URL_MOST_BYTES || !skip(&rest, "https://sns."))
        return false;
    size_t region = span(rest, ALPHANUMERIC "-");
    rest = (struct str){rest.p + region, rest.n - region};
    if (region < REGION_LEAST_BYTES || !skip(&rest, ".amazonaws.com"))
        return false;
    (void)skip(&rest, ".cn");
    *path_out = rest;
    return str_starts_with(rest, "/");
}

bool sns_is_certificate_url(struct str url)
{
    static const char ending[] = ".pem";
    struct str path;
    size_t n = strlen(ending);
    return is_of_sns(url, &path) && has_only(path, ALPHANUMERIC "-_./") && path.n > n &&
           memcmp(path.p + path.n - n, ending, n) == 0;
}

bool sns_is_subscribe_url(struct str url)
{
    struct str path;
    return is_of_sns(url, &path) && str_starts_with(path, "/?") &&
           has_only(path, ALPHANUMERIC "-_.~/?&=%:+,*");
}
