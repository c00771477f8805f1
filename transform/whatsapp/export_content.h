/* export_content.h: what a message of an exported chat is: text, a file, a marker of WhatsApp's.
 *
 * Recognised by shape where the shape is certain, in any language; by the words of export_words.c
 * otherwise. On iOS a text that begins with U+200E was written by WhatsApp.
 * Source:  reference/whatsapp.md 7.3, 7.5, 7.6.
 * Owns:    nothing; texts live in the arena, or in the text given.
 * Threads: no state. */
#ifndef SLUICE_TRANSFORM_WHATSAPP_EXPORT_CONTENT_H
#define SLUICE_TRANSFORM_WHATSAPP_EXPORT_CONTENT_H

#include "lib/arena.h"
#include "lib/str.h"

struct wa_export_content {
    const char *type;    /* canonical-model 4.4 */
    const char *subtype; /* NULL: none */
    struct str text, caption;
    struct str filename; /* STR_NULL: not known, or no file */
    struct str latitude, longitude, url;
    struct str poll; /* lines of the options; STR_NULL: none */
    bool is_edited, is_deleted, is_omitted;
    bool is_by_admin; /* deleted by one */
    bool is_system;
    bool is_unclassified; /* written by WhatsApp, in words that are not known */
    struct str plain;     /* of the whole text, for its id: without marks and without "edited" */
};

/* has_sender: the line named one. is_ios: the export's style. */
void wa_export_content_read(struct arena *arena, struct str text, bool has_sender, bool is_ios,
                            struct wa_export_content *content_out);

/* The next line of a poll's options, without its beginning and its votes. false: no more. */
bool wa_export_option_next(struct str *rest, struct str *option_out, struct str *votes_out);

#endif
