#include "bench/whatsapp_bodies.h"

#include <inttypes.h>
#include <stdio.h>

#define FIRST_SECOND 1760000000
#define SECONDS 10000000
#define CUSTOMERS 40000
#define WORDS_MOST 66

struct draw { /* numbers that follow from the body's own */
    uint64_t state;
};

/* splitmix64 */
static uint64_t next(struct draw *draw)
{
    uint64_t z = draw->state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

static unsigned below(struct draw *draw, unsigned bound)
{
    return (unsigned)(next(draw) % bound);
}

struct customer {
    char wa_id[16];
    char user_id[24]; /* half of them have a business-scoped one; else empty */
    const char *name;
};

static struct customer draw_customer(struct draw *draw)
{
    static const char *const names[] = {"Luc\\u00eda G\\u00f3mez",
                                        "Andr\\u00e9s Pe\\u00f1a",
                                        "Carlos Ruiz",
                                        "Mar\\u00eda Fernanda Rodr\\u00edguez",
                                        "Jos\\u00e9 \\u2728",
                                        "Paola",
                                        "Tienda La 14",
                                        "\\ud83c\\udf3b Diana"};
    struct customer customer = {.user_id = ""};
    unsigned number = below(draw, CUSTOMERS);
    (void)snprintf(customer.wa_id, sizeof customer.wa_id, "57300555%04u", number % 10000);
    customer.wa_id[4] = (char)('0' + number / 10000);
    if (number % 2 == 0)
        (void)snprintf(customer.user_id, sizeof customer.user_id, "CO.20481160%08u", number);
    customer.name = names[number % (sizeof names / sizeof names[0])];
    return customer;
}

static void add_message_id(struct buf *out, struct draw *draw)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    char random[25];
    for (size_t i = 0; i < sizeof random - 1; i++)
        random[i] = letters[below(draw, sizeof letters - 1)];
    random[sizeof random - 1] = '\0';
    (void)buf_printf(out, "wamid.HBgMNTczMDA1NTUwMTc4FQIAEhgU%sAA==", random);
}

static void add_user_id(struct buf *out, const char *name, const struct customer *customer)
{
    if (customer->user_id[0] != '\0')
        (void)buf_printf(out, ",\"%s\":\"%s\"", name, customer->user_id);
}

static void add_words(struct buf *out, struct draw *draw, unsigned count)
{
    static const char *const words[] = {"hola",
                                        "buenos",
                                        "d\\u00edas",
                                        "quisiera",
                                        "saber",
                                        "si",
                                        "tienen",
                                        "la",
                                        "talla",
                                        "38",
                                        "en",
                                        "negro",
                                        "el",
                                        "pedido",
                                        "no",
                                        "ha",
                                        "llegado",
                                        "todav\\u00eda",
                                        "gracias",
                                        "por",
                                        "su",
                                        "ayuda",
                                        "direcci\\u00f3n",
                                        "calle",
                                        "con",
                                        "factura",
                                        "\\ud83d\\ude4f",
                                        "env\\u00edo",
                                        "ma\\u00f1ana",
                                        "puede",
                                        "confirmar\\n",
                                        "\\\"urgente\\\"",
                                        "s\\/n"};
    for (unsigned i = 0; i < count; i++)
        (void)buf_printf(out, "%s%s", i > 0 ? " " : "",
                         words[below(draw, sizeof words / sizeof words[0])]);
}

/* ---- messages: what follows "timestamp" ---- */

static void add_media(struct buf *out, struct draw *draw, const char *type, const char *mime_type)
{
    unsigned id = below(draw, 1000000000);
    (void)buf_printf(out,
                     "\"type\":\"%s\",\"%s\":{\"mime_type\":\"%s\","
                     "\"sha256\":\"n2uV7c0m3iM2yb1m0cJm8mQq2g1m3c8r7zq0k1lq9wE=\","
                     "\"id\":\"1284776%09u\",\"url\":\"https:\\/\\/lookaside.fbsbx.com\\/"
                     "whatsapp_business\\/attachments\\/?mid=1284776%09u&source=webhook"
                     "&ext=1763651130&hash=ARnExample\"",
                     type, type, mime_type, id, id);
}

static void add_text(struct buf *out, struct draw *draw)
{
    (void)buf_add_text(out, "\"type\":\"text\",\"text\":{\"body\":\"");
    add_words(out, draw, 3 + below(draw, WORDS_MOST));
    (void)buf_add_text(out, "\"}");
}

static void add_image(struct buf *out, struct draw *draw)
{
    add_media(out, draw, "image", "image\\/jpeg");
    if (below(draw, 3) == 0) {
        (void)buf_add_text(out, ",\"caption\":\"");
        add_words(out, draw, 6);
        (void)buf_add_text(out, "\"");
    }
    (void)buf_add_text(out, "}");
}

static void add_voice(struct buf *out, struct draw *draw)
{
    add_media(out, draw, "audio", "audio\\/ogg; codecs=opus");
    (void)buf_add_text(out, ",\"voice\":true}");
}

static void add_document(struct buf *out, struct draw *draw)
{
    add_media(out, draw, "document", "application\\/pdf");
    (void)buf_printf(out, ",\"filename\":\"Factura %u.pdf\"}", below(draw, 100000));
}

static void add_reaction(struct buf *out, struct draw *draw)
{
    (void)buf_add_text(out, "\"type\":\"reaction\",\"reaction\":{\"message_id\":\"");
    add_message_id(out, draw);
    (void)buf_add_text(out, "\",\"emoji\":\"\\ud83d\\udc4d\"}");
}

static void add_button(struct buf *out, struct draw *draw)
{
    (void)buf_add_text(out, "\"context\":{\"from\":\"576015550142\",\"id\":\"");
    add_message_id(out, draw);
    (void)buf_printf(out,
                     "\"},\"type\":\"interactive\",\"interactive\":{\"type\":\"button_reply\","
                     "\"button_reply\":{\"id\":\"option-%u\",\"title\":\"S\\u00ed, confirmo\"}}",
                     below(draw, 9));
}

static void add_location(struct buf *out, struct draw *draw)
{
    (void)buf_printf(out,
                     "\"type\":\"location\",\"location\":{\"latitude\":4.6%05u,"
                     "\"longitude\":-74.0%05u,\"name\":\"Parque 93\","
                     "\"address\":\"Calle 93A #11-41, Bogot\\u00e1\"}",
                     below(draw, 100000), below(draw, 100000));
}

static void add_message(struct buf *out, struct draw *draw, unsigned long at, unsigned kind)
{
    static const struct {
        unsigned share; /* of 64 */
        void (*add)(struct buf *out, struct draw *draw);
    } kinds[] = {{42, add_text},    {8, add_image},  {4, add_voice},   {3, add_document},
                 {3, add_reaction}, {3, add_button}, {1, add_location}};
    struct customer customer = draw_customer(draw);
    (void)buf_printf(out, "\"contacts\":[{\"profile\":{\"name\":\"%s\"},\"wa_id\":\"%s\"",
                     customer.name, customer.wa_id);
    add_user_id(out, "user_id", &customer);
    (void)buf_printf(out, "}],\"messages\":[{\"from\":\"%s\"", customer.wa_id);
    add_user_id(out, "from_user_id", &customer);
    (void)buf_add_text(out, ",\"id\":\"");
    add_message_id(out, draw);
    (void)buf_printf(out, "\",\"timestamp\":\"%lu\",", at);
    size_t i = 0;
    while (kind >= kinds[i].share)
        kind -= kinds[i++].share;
    kinds[i].add(out, draw);
    (void)buf_add_text(out, "}]");
}

/* ---- statuses ---- */

static void add_status(struct buf *out, struct draw *draw, unsigned long at)
{
    static const char *const words[] = {"sent", "delivered", "read"};
    unsigned word = below(draw, 3);
    struct customer customer = draw_customer(draw);
    (void)buf_add_text(out, "\"statuses\":[{\"id\":\"");
    add_message_id(out, draw);
    (void)buf_printf(out, "\",\"status\":\"%s\",\"timestamp\":\"%lu\",\"recipient_id\":\"%s\"",
                     words[word], at, customer.wa_id);
    add_user_id(out, "recipient_user_id", &customer);
    if (word < 2)
        (void)buf_printf(out,
                         ",\"conversation\":{\"id\":\"%016" PRIx64 "%016" PRIx64 "\","
                         "\"expiration_timestamp\":\"%lu\",\"origin\":{\"type\":\"service\"}},"
                         "\"pricing\":{\"billable\":true,\"pricing_model\":\"PMP\","
                         "\"category\":\"service\",\"type\":\"regular\"}",
                         next(draw), next(draw), at + 86400);
    (void)buf_add_text(out, "}]");
}

void whatsapp_bodies_add(struct buf *out, uint64_t number)
{
    struct draw draw = {number};
    unsigned long at = FIRST_SECOND + below(&draw, SECONDS);
    unsigned kind = below(&draw, 100);
    (void)buf_add_text(
        out,
        "{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"318845207461093\","
        "\"changes\":[{\"value\":{\"messaging_product\":\"whatsapp\",\"metadata\":{"
        "\"display_phone_number\":\"576015550142\",\"phone_number_id\":\"" WHATSAPP_BODIES_ACCOUNT
        "\"},");
    if (kind < 64)
        add_message(out, &draw, at, kind);
    else
        add_status(out, &draw, at);
    (void)buf_add_text(out, "},\"field\":\"messages\"}]}]}");
}
