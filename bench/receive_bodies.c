#include "bench/receive_bodies.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/digest.h"
#include "lib/hex.h"
#include "lib/limits.h"

#define PEOPLE 1000

static void check(bool done)
{
    if (done)
        return;
    (void)fputs("receive: cannot make a body\n", stderr);
    exit(1);
}

static void put_text(struct buf *body, unsigned number)
{
    for (unsigned word = 0; body->n < RECEIVE_BODY_BYTES; word++)
        check(buf_printf(body, "%x ", (number + 1) * 2654435761U * (word + 1)));
    body->n = RECEIVE_BODY_BYTES;
}

/* What follows the text is cut to size before, so that every body has the same. */
static void make_body(struct buf *body, unsigned number)
{
    static const char end[] = "\"},\"type\":\"text\"}]},\"field\":\"messages\"}]}]}";
    unsigned person = number * 7919 % PEOPLE;
    buf_reset(body);
    check(buf_printf(
        body,
        "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"318845207461093\","
        "\"changes\":[{\"value\":{\"messaging_product\":\"whatsapp\",\"metadata\":"
        "{\"display_phone_number\":\"576015550142\",\"phone_number_id\":\"" RECEIVE_ACCOUNT
        "\"},\"contacts\":[{\"profile\":{\"name\":\"Persona %u\"},\"wa_id\":\"57300555%04u\"}],"
        "\"messages\":[{\"from\":\"57300555%04u\",\"id\":\"wamid.HBgMNTczMDA1NTUwMTc4FQIAEhg%08X\","
        "\"timestamp\":\"%u\",\"text\":{\"body\":\"Buenas tardes ",
        person, person, person, number, 1763650800U + number));
    put_text(body, number);
    memcpy(body->p + RECEIVE_BODY_BYTES - (sizeof end - 1), end, sizeof end - 1);
}

static void sign(struct signed_body *made, struct str body, struct hmac *hmac)
{
    unsigned char digest[DIGEST_SHA256_BYTES];
    char hex[2 * DIGEST_SHA256_BYTES + 1];
    struct buf request;
    buf_init(&request, MIB);
    hmac_sha256(hmac, body, digest);
    hex_encode(digest, sizeof digest, hex);
    (void)snprintf(made->signature, sizeof made->signature, "sha256=%s", hex);
    check(buf_printf(&request,
                     "POST " RECEIVE_PATH " HTTP/1.1\r\nHost: bench\r\nContent-Type: "
                     "application/json\r\nX-Hub-Signature-256: %s\r\nContent-Length: "
                     "%zu\r\n\r\n%.*s",
                     made->signature, body.n, STR_ARGS(body)));
    made->request = buf_peek(&request);
    made->body = (struct str){made->request.p + made->request.n - body.n, body.n};
}

void receive_bodies_make(struct signed_body *bodies)
{
    struct buf body;
    struct hmac *hmac = hmac_new(STR_LIT(RECEIVE_SECRET));
    buf_init(&body, 2 * KIB);
    for (unsigned i = 0; i < RECEIVE_BODIES; i++) {
        make_body(&body, i);
        sign(&bodies[i], buf_peek(&body), hmac);
    }
    buf_done(&body);
    hmac_free(&hmac);
}

bool receive_bodies_write(const struct signed_body *bodies, const char *path)
{
    FILE *file = fopen(path, "we");
    if (file == NULL)
        return false;
    for (unsigned i = 0; i < RECEIVE_BODIES; i++)
        (void)fprintf(file, "%s\t%.*s\n", bodies[i].signature, STR_ARGS(bodies[i].body));
    bool written = ferror(file) == 0;
    return fclose(file) == 0 && written;
}
