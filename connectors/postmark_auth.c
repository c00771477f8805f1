#include "connectors/postmark_auth.h"

#include <stdlib.h>

#include "connectors/auth_password.h"
#include "lib/arena.h"

struct auth_keys {
    struct auth_password *password;
};

static struct auth_keys *keys_new(const struct receive_connector *connector,
                                  struct auth_shared *shared)
{
    (void)shared;
    struct auth_keys *keys = xcalloc(1, sizeof *keys);
    keys->password = auth_password_new(connector);
    return keys;
}

static void keys_free(struct auth_keys **keys)
{
    if (keys == NULL || *keys == NULL)
        return;
    auth_password_free(&(*keys)->password);
    free(*keys);
    *keys = NULL;
}

static enum auth_result check(struct auth_keys *keys, struct auth_claim *claimed, struct str body)
{
    (void)body;
    return auth_password_check(keys->password, claimed);
}

const struct auth_channel postmark_auth = {
    .channel = "email",
    .provider = "postmark",
    .claim = auth_password_claim,
    .keys_new = keys_new,
    .keys_free = keys_free,
    .check = check,
};
