#include "transform/channels.h"

#include "transform/b2chat/maps.h"
#include "transform/canonical/maps.h"
#include "transform/email/maps.h"
#include "transform/telegram/maps.h"
#include "transform/webchat/maps.h"
#include "transform/whatsapp/maps.h"

const struct channel channels[] = {
    {"whatsapp", "whatsapp", false, whatsapp_maps},
    {"telegram", "telegram", false, telegram_maps},
    {"email", "email", false, email_maps},
    {"webchat", "livechat", false, webchat_maps},
    {"b2chat", "other", true, b2chat_maps},
    {"canonical", "other", false, canonical_maps},
    {NULL, NULL, false, NULL},
};

const struct channel *channel_find(struct str word)
{
    for (const struct channel *channel = channels; channel->word != NULL; channel++)
        if (str_is(word, channel->word))
            return channel;
    return NULL;
}

static bool fits(struct str wanted, const char *word)
{
    return str_is_null(wanted) || str_is(wanted, word);
}

const struct map_ops *channel_map(const struct channel *channel, struct str provider,
                                  struct str format)
{
    for (const struct map_ops *const *map = channel->maps; *map != NULL; map++)
        if (fits(provider, (*map)->provider) && fits(format, (*map)->format))
            return *map;
    return NULL;
}
