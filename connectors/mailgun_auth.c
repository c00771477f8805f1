#include "connectors/mailgun_auth.h"

#include <stdlib.h>

#include "connectors/auth_hmacs.h"
#include "connectors/auth_seen.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/hex.h"
#include "lib/limits.h"
#include "transform/email/form.h"
#include "transform/jpath.h"

#define TOLERANCE_S (12 * 60 * 60)
#define TOKEN_MOST_BYTES 256

struct proof { /* of a JSON event, or of a form's fields */
    struct str timestamp;
    struct str token;
    struct str signature;
};

struct auth_keys {
    struct auth_hmacs *hmacs;
    struct auth_seen *seen; /* shared; borrowed */
    struct sha256 *sha256;
    int64_t tolerance_s;
    struct form *form;
    struct jpath *jpath;
    struct arena *arena; /* of the body in hand */
};

struct auth_shared {
    struct auth_seen *seen;
};

static const struct jpath_rule rules[] = {
    JPATH_SCALAR("signature.timestamp", struct proof, timestamp),
    JPATH_STR("signature.token", struct proof, token),
    JPATH_STR("signature.signature", struct proof, signature),
    JPATH_RULES_END,
};

static int64_t tolerance_of(const struct receive_connector *connector)
{
    return connector->tolerance_s > 0 ? connector->tolerance_s : TOLERANCE_S;
}

static struct auth_shared *shared_new(const struct receive_connector *connector)
{
    struct auth_shared *shared = xcalloc(1, sizeof *shared);
    /* Longer than a pair is taken, whichever way the clocks differ. */
    shared->seen = auth_seen_new(LIMIT_AUTH_SEEN, 2 * tolerance_of(connector) * US_PER_SECOND);
    return shared;
}

static void shared_free(struct auth_shared **shared)
{
    if (shared == NULL || *shared == NULL)
        return;
    auth_seen_free(&(*shared)->seen);
    free(*shared);
    *shared = NULL;
}

static struct auth_keys *keys_new(const struct receive_connector *connector,
                                  struct auth_shared *shared)
{
    static const char *const wanted[] = {"timestamp", "token", "signature", NULL};
    struct auth_keys *keys = xcalloc(1, sizeof *keys);
    keys->hmacs = auth_hmacs_of(connector);
    keys->seen = shared->seen;
    keys->sha256 = sha256_new();
    keys->tolerance_s = tolerance_of(connector);
    keys->form = form_new();
    form_keep_only(keys->form, wanted);
    keys->jpath = jpath_new(rules);
    keys->arena = arena_new("proof of a sender", LIMIT_AUTH_PROOF_BYTES);
    return keys;
}

static void keys_free(struct auth_keys **keys)
{
    if (keys == NULL || *keys == NULL)
        return;
    auth_hmacs_free(&(*keys)->hmacs);
    sha256_free(&(*keys)->sha256);
    form_free(&(*keys)->form);
    jpath_free(&(*keys)->jpath);
    arena_free(&(*keys)->arena);
    free(*keys);
    *keys = NULL;
}

/* All that it has to prove stands in the body. */
static enum auth_result claim(const struct receive_connector *connector,
                              const struct auth_source *source, struct auth_claim *claim_out)
{
    (void)connector;
    (void)source;
    (void)claim_out;
    return AUTH_OK;
}

/* ---- the proof within a body ---- */

/* Of what cannot be read to its end, what was read counts: the rest is the map's to refuse. */
static void read_event(struct auth_keys *keys, struct str body, struct proof *proof)
{
    static const struct jpath_limits limits = {LIMIT_JSON_DEPTH, LIMIT_MAIL_STRING_BYTES,
                                               LIMIT_MAIL_DOCUMENT_BYTES};
    struct err err;
    jpath_begin(keys->jpath, &limits, keys->arena, proof, NULL);
    if (jpath_feed(keys->jpath, body.p, body.n, &err) == RC_OK)
        (void)!jpath_finish(keys->jpath, &err);
}

/* User-supplied fields share the names: the last ones are Mailgun's. */
static struct str field_of(const struct form *form, const char *name)
{
    const struct form_field *field = form_find_last(form_fields(form), name);
    return field != NULL ? field->value : STR_NULL;
}

static void read_form(struct auth_keys *keys, enum form_kind kind, struct str body,
                      struct proof *proof)
{
    form_begin(keys->form, kind, keys->arena);
    if (form_feed(keys->form, body.p, body.n) == RC_OK)
        (void)!form_finish(keys->form);
    proof->timestamp = field_of(keys->form, "timestamp");
    proof->token = field_of(keys->form, "token");
    proof->signature = field_of(keys->form, "signature");
}

static struct str without_blanks(struct str body)
{
    while (body.n > 0 && memchr(" \t\r\n", body.p[0], 4) != NULL)
        body = (struct str){body.p + 1, body.n - 1};
    return body;
}

/* The kind is seen as the map sees it (transform/email/payload.h). */
static struct proof read_proof(struct auth_keys *keys, struct str body)
{
    struct proof proof = {STR_NULL, STR_NULL, STR_NULL};
    arena_reset(keys->arena);
    if (str_starts_with(body, "{"))
        read_event(keys, body, &proof);
    else if (str_starts_with(body, "-"))
        read_form(keys, FORM_MULTIPART, body, &proof);
    else
        read_form(keys, FORM_URLENCODED, body, &proof);
    return proof;
}

/* ---- replays ---- */

static struct str boundary_of(struct str body)
{
    const char *end = str_starts_with(body, "--") ? memchr(body.p, '\n', body.n) : NULL;
    struct str line = {body.p, end != NULL ? (size_t)(end - body.p) : 0};
    while (line.n > 0 && memchr("\r \t", line.p[line.n - 1], 3) != NULL)
        line.n--;
    return line;
}

static void add_piece(struct sha256 *sha256, struct str piece)
{
    sha256_add(sha256, (struct str){(const char *)&piece.n, sizeof piece.n});
    sha256_add(sha256, piece);
}

/* Every piece between boundaries with its length, so that the boundary itself does not matter. */
static void digest_body(struct sha256 *sha256, struct str body,
                        unsigned char digest_out[static DIGEST_SHA256_BYTES])
{
    struct str boundary = boundary_of(body);
    const char *found;
    while (boundary.n > 2 && (found = memmem(body.p, body.n, boundary.p, boundary.n)) != NULL) {
        struct str piece = {body.p, (size_t)(found - body.p)};
        add_piece(sha256, piece);
        body = (struct str){found + boundary.n, body.n - piece.n - boundary.n};
    }
    add_piece(sha256, body);
    sha256_take(sha256, digest_out);
}

static bool is_no_replay(struct auth_keys *keys, const struct proof *proof, struct str body,
                         int64_t now_us)
{
    unsigned char of_token[DIGEST_SHA256_BYTES], of_body[DIGEST_SHA256_BYTES];
    digest_sha256(proof->token, of_token);
    digest_body(keys->sha256, body, of_body);
    return auth_seen_put(keys->seen, of_token, of_body, now_us);
}

static enum auth_result check(struct auth_keys *keys, struct auth_claim *claimed, struct str body)
{
    body = without_blanks(body);
    struct proof proof = read_proof(keys, body);
    const struct str parts[] = {proof.timestamp, proof.token};
    bool is_right = proof.token.n > 0 && proof.token.n <= TOKEN_MOST_BYTES &&
                    hex_decode(proof.signature, claimed->mac, sizeof claimed->mac) &&
                    auth_is_recent(proof.timestamp, claimed->now_us, keys->tolerance_s) &&
                    auth_hmacs_match(keys->hmacs, parts, 2, claimed->mac) &&
                    is_no_replay(keys, &proof, body, claimed->now_us);
    return is_right ? AUTH_OK : AUTH_REFUSED;
}

const struct auth_channel mailgun_auth = {
    .channel = "email",
    .provider = "mailgun",
    .proof_is_in_body = true,
    .claim = claim,
    .keys_new = keys_new,
    .keys_free = keys_free,
    .check = check,
    .shared_new = shared_new,
    .shared_free = shared_free,
};
