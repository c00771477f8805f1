/* A sender at the door of a connector: what it presents, and what comes of it. */
#ifndef SLUICE_TESTS_AUTH_FIXTURE_H
#define SLUICE_TESTS_AUTH_FIXTURE_H

#include <stdlib.h>
#include <strings.h>

#include <cmocka.h>

#include "connectors/auth.h"
#include "lib/clock.h"

struct given { /* one header; name NULL ends the list */
    const char *name;
    const char *value;
};

struct door {
    const struct auth_channel *auth;
    struct receive_connector connector;
    struct auth_shared *shared;
    struct auth_keys *keys;
};

static inline struct door door_open(const struct auth_channel *auth,
                                    struct receive_connector connector)
{
    struct door door = {auth, connector, NULL, NULL};
    if (auth->shared_new != NULL)
        door.shared = auth->shared_new(&connector);
    door.keys = auth->keys_new(&connector, door.shared);
    return door;
}

static inline void door_close(struct door *door)
{
    door->auth->keys_free(&door->keys);
    assert_null(door->keys);
    if (door->auth->shared_free != NULL)
        door->auth->shared_free(&door->shared);
    assert_null(door->shared);
}

static inline struct auth_value given_header(void *context, const char *name)
{
    struct auth_value found = {STR_NULL, 0};
    for (const struct given *given = context; given->name != NULL; given++)
        if (strcasecmp(given->name, name) == 0 && found.count++ == 0)
            found.value = str_of(given->value);
    return found;
}

static inline enum auth_result door_present(struct door *door, const struct given *headers,
                                            const char *path_token, struct str body, int64_t now_s)
{
    struct auth_source source = {.header = given_header,
                                 .parameter = given_header,
                                 .context = (void *)(uintptr_t)headers,
                                 .path_token = str_of(path_token),
                                 .now_us = now_s * US_PER_SECOND};
    struct auth_claim claim = {.now_us = source.now_us};
    enum auth_result result = door->auth->claim(&door->connector, &source, &claim);
    return result == AUTH_OK ? door->auth->check(door->keys, &claim, body) : result;
}

/* Every byte of a base64 or hexadecimal text changed, one at a time, to another of its kind. */
#define FOR_EACH_FLIP(text, copy)                                                                  \
    for (size_t flip_ = 0; flip_ < strlen(text) && flip((text), (copy), flip_); flip_++)

static inline bool flip(const char *text, char *copy, size_t at)
{
    memcpy(copy, text, strlen(text) + 1);
    copy[at] = copy[at] == 'A' ? 'B' : copy[at] == 'a' ? 'b' : copy[at] == 'b' ? 'a' : 'A';
    return true;
}

#define END_OF_HEADERS                                                                             \
    {                                                                                              \
        NULL, NULL                                                                                 \
    }

#endif
