#include "bench/telegram_export.h"

#include <stdint.h>
#include <stdio.h>

#define FIRST_AT INT64_C(1700000000)
#define SECONDS_APART 37
#define WRITERS 200

static const char *const texts[] = {
    "Buenos días, ¿me puede confirmar si ya salió el pedido de esta semana? Gracias",
    "sí",
    "Claro que sí, con gusto le ayudo. Permítame un momento mientras reviso el estado en el "
    "sistema.",
    "ok perfecto 👍",
    "El camión llega mañana entre las 9 y las 11; por favor que haya alguien para recibirlo.",
    "¿Cuánto cuesta el envío a Mérida?",
    "Le comparto la dirección:\\nCalle 60 número 412, entre 47 y 49\\nColonia Centro",
    "Dijo que \\\"no llega antes del lunes\\\", así que mejor reprogramamos la entrega",
    "gracias!!",
    "Quedo pendiente. Cualquier duda o aclaración estamos a sus órdenes en este mismo grupo.",
    "Necesito factura del pedido anterior, los datos son los mismos de siempre",
};

static const char *text_of(size_t number)
{
    return texts[number * 7 % (sizeof texts / sizeof texts[0])];
}

static void add_time(struct buf *file, const char *name, int64_t at)
{
    int64_t minute = at / 60;
    (void)buf_printf(
        file, "   \"%s\": \"2024-%02d-%02dT%02d:%02d:%02d\",\n   \"%s_unixtime\": \"%lld\",\n",
        name, (int)(minute / 40320 % 12) + 1, (int)(minute / 1440 % 28) + 1,
        (int)(minute / 60 % 24), (int)(minute % 60), (int)(at % 60),
        name[0] == 'e' ? "edited" : "date", (long long)at);
}

static void add_text(struct buf *file, const char *text)
{
    (void)buf_printf(
        file,
        "   \"text\": \"%s\",\n   \"text_entities\": [\n    {\n     \"type\": \"plain\",\n"
        "     \"text\": \"%s\"\n    }\n   ]",
        text, text);
}

static void add_parts(struct buf *file, size_t number)
{
    static const char parts[] =
        "    {\n     \"type\": \"plain\",\n     \"text\": \"Pedido \"\n    },\n"
        "    {\n     \"type\": \"bold\",\n     \"text\": \"A-%zu\"\n    },\n"
        "    {\n     \"type\": \"plain\",\n     \"text\": \": %s \"\n    },\n"
        "    {\n     \"type\": \"link\",\n     \"text\": \"https://example.com/p/%zu\"\n    }\n";
    (void)buf_printf(file,
                     "   \"text\": [\n    \"Pedido \",\n    {\n     \"type\": \"bold\",\n"
                     "     \"text\": \"A-%zu\"\n    },\n    \": %s \",\n    {\n"
                     "     \"type\": \"link\",\n     \"text\": \"https://example.com/p/%zu\"\n"
                     "    }\n   ],\n   \"text_entities\": [\n",
                     number, text_of(number), number);
    (void)buf_printf(file, parts, number, text_of(number), number);
    (void)buf_add_text(file, "   ]");
}

static void add_media(struct buf *file, size_t number)
{
    if (number % 16 == 3)
        (void)buf_printf(file,
                         "   \"photo\": \"photos/photo_%zu@01-01-2024_10-00-00.jpg\",\n"
                         "   \"photo_file_size\": %zu,\n   \"width\": 960,\n   \"height\": 1280,\n",
                         number, 40000 + number % 90000);
    else if (number % 32 == 5)
        (void)buf_printf(file,
                         "   \"file\": \"(File not included. Change data exporting settings to "
                         "download.)\",\n   \"file_name\": \"factura_%zu.pdf\",\n"
                         "   \"file_size\": %zu,\n   \"mime_type\": \"application/pdf\",\n",
                         number, 100000 + number % 500000);
    else if (number % 32 == 7)
        (void)buf_printf(file,
                         "   \"file\": \"voice_messages/audio_%zu.ogg\",\n"
                         "   \"file_name\": \"audio_%zu.ogg\",\n   \"file_size\": %zu,\n"
                         "   \"media_type\": \"voice_message\",\n   \"mime_type\": \"audio/ogg\",\n"
                         "   \"duration_seconds\": %zu,\n",
                         number, number, 9000 + number % 50000, 2 + number % 60);
}

static void add_reactions(struct buf *file, size_t number, int64_t at)
{
    (void)buf_printf(file,
                     ",\n   \"reactions\": [\n    {\n     \"type\": \"emoji\",\n"
                     "     \"count\": 1,\n     \"emoji\": \"👍\",\n     \"recent\": [\n      {\n"
                     "       \"from\": \"Cliente %zu\",\n       \"from_id\": \"user%zu\",\n"
                     "       \"date\": \"2024-01-01T10:%02d:00\"\n      }\n     ]\n    }\n   ]",
                     number % WRITERS, 6100000000 + number % WRITERS, (int)(at / 60 % 60));
}

void telegram_export_begin(struct buf *file)
{
    (void)buf_add_text(file, "{\n \"name\": \"Pedidos Acme\",\n \"type\": \"private_supergroup\",\n"
                             " \"id\": 1500000001,\n \"messages\": [\n");
}

static void add_writer(struct buf *file, const char *what, const struct telegram_writer *writer)
{
    (void)buf_printf(file, "   \"%s\": \"%s\",\n   \"%s_id\": \"user%zu\",\n", what, writer->name,
                     what, writer->id);
}

void telegram_export_message(struct buf *file, size_t number, size_t id, int64_t at,
                             const struct telegram_writer *writer)
{
    (void)buf_printf(file, "%s  {\n   \"id\": %zu,\n   \"type\": \"message\",\n",
                     id > 1 ? ",\n" : "", id);
    add_time(file, "date", at);
    if (number % 32 == 11)
        add_time(file, "edited", at + 60);
    add_writer(file, "from", writer);
    if (number % 4 == 1 && id > 1)
        (void)buf_printf(file, "   \"reply_to_message_id\": %zu,\n", id - 1);
    add_media(file, number);
    if (number % 6 == 2)
        add_parts(file, number);
    else
        add_text(file, text_of(number));
    if (number % 32 == 13)
        add_reactions(file, number, at);
    (void)buf_add_text(file, "\n  }");
}

static void add_service(struct buf *file, size_t id, int64_t at,
                        const struct telegram_writer *writer)
{
    (void)buf_printf(file, "%s  {\n   \"id\": %zu,\n   \"type\": \"service\",\n",
                     id > 1 ? ",\n" : "", id);
    add_time(file, "date", at);
    add_writer(file, "actor", writer);
    (void)buf_printf(file,
                     "   \"action\": \"invite_members\",\n   \"members\": [\n    \"%s\"\n   ],\n"
                     "   \"text\": \"\",\n   \"text_entities\": []\n  }",
                     writer->name);
}

void telegram_export_add(struct buf *file, size_t number)
{
    char name[32];
    int64_t at = FIRST_AT + (int64_t)number * SECONDS_APART;
    size_t place = number * 31 % WRITERS;
    const struct telegram_writer writer = {name, 6100000000 + place};
    (void)snprintf(name, sizeof name, "Cliente %zu", place);
    if (number % 64 == 9)
        add_service(file, number + 1, at, &writer);
    else
        telegram_export_message(file, number, number + 1, at, &writer);
}

void telegram_export_end(struct buf *file)
{
    (void)buf_add_text(file, "\n ]\n}");
}
