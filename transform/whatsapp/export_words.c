#include "transform/whatsapp/export_words.h"

#include <glib.h>

#include "transform/whatsapp/export_scan.h"

const struct wa_half_word wa_half_words[] = {
    {"am", WA_HALF_FIRST},     {"pm", WA_HALF_SECOND},     {"上午", WA_HALF_FIRST},
    {"下午", WA_HALF_SECOND},  {"凌晨", WA_HALF_FIRST},    {"早上", WA_HALF_FIRST},
    {"清晨", WA_HALF_FIRST},   {"中午", WA_HALF_NOON},     {"晚上", WA_HALF_SECOND},
    {"午前", WA_HALF_FIRST},   {"午後", WA_HALF_SECOND},   {"오전", WA_HALF_FIRST},
    {"오후", WA_HALF_SECOND},  {"ص", WA_HALF_FIRST},       {"م", WA_HALF_SECOND},
    {"vorm", WA_HALF_FIRST},   {"nachm", WA_HALF_SECOND},  {"morgens", WA_HALF_FIRST},
    {"mittags", WA_HALF_NOON}, {"abends", WA_HALF_SECOND}, {"nachts", WA_HALF_FIRST},
    {"πμ", WA_HALF_FIRST},     {"μμ", WA_HALF_SECOND},     {"öö", WA_HALF_FIRST},
    {"ös", WA_HALF_SECOND},    {"قظ", WA_HALF_FIRST},      {"بظ", WA_HALF_SECOND},
    {NULL, WA_HALF_NONE},
};

const char *const wa_clock_words[] = {"klo", "kl", "at",  "um",  "à",     "г", "om",
                                      "le",  "às", "ore", "las", "a las", NULL};

const struct wa_list_word wa_poll_words[] = {
    {"poll:", false},      {"option:", true},  {"encuesta:", false}, {"opción:", true},
    {"enquete:", false},   {"opção:", true},   {"umfrage:", false},  {"sondage:", false},
    {"sondaggio:", false}, {"opzione:", true}, {NULL, false},
};

const struct wa_name_shape wa_name_shapes[] = {
    {"WhatsApp Chat with ", ""},       {"WhatsApp Chat - ", ""},
    {"WhatsApp Chat mit ", ""},        {"Chat de WhatsApp con ", ""},
    {"Conversa do WhatsApp com ", ""}, {"Conversa no WhatsApp com ", ""},
    {"Discussion WhatsApp avec ", ""}, {"Chat WhatsApp con ", ""},
    {"Чат WhatsApp с ", ""},           {"与", "的 WhatsApp 聊天"},
    {"與", "的 WhatsApp 對話"},        {NULL, NULL},
};

struct marker {
    const char *text;
    enum wa_marker marker;
};

static const struct marker whole[] = {
    /* Android: <...> */
    {"media omitted", WA_OMITTED},
    {"multimedia omitido", WA_OMITTED},
    {"archivo omitido", WA_OMITTED},
    {"mídia oculta", WA_OMITTED},
    {"mídia omitida", WA_OMITTED},
    {"ficheiro não revelado", WA_OMITTED},
    {"medien ausgeschlossen", WA_OMITTED},
    {"medien weggelassen", WA_OMITTED},
    {"médias omis", WA_OMITTED},
    {"fichier omis", WA_OMITTED},
    {"media omessi", WA_OMITTED},
    {"media omesso", WA_OMITTED},
    {"media weggelaten", WA_OMITTED},
    {"medya dahil edilmedi", WA_OMITTED},
    {"medya atlanmış", WA_OMITTED},
    {"media tidak disertakan", WA_OMITTED},
    {"без медиафайлов", WA_OMITTED},
    {"файл пропущен", WA_OMITTED},
    {"pominięto multimedia", WA_OMITTED},
    {"media utelämnat", WA_OMITTED},
    {"medier udeladt", WA_OMITTED},
    {"media jätettiin pois", WA_OMITTED},
    {"メディアなし", WA_OMITTED},
    {"미디어 파일 제외됨", WA_OMITTED},
    {"忽略多媒體檔", WA_OMITTED},
    {"省略多媒体文件", WA_OMITTED},
    {"تم استبعاد الوسائط", WA_OMITTED},
    {"המדיה לא נכללה", WA_OMITTED},
    {"رسانه حذف شد", WA_OMITTED},
    {"video message omitted", WA_OMITTED_VIDEO_NOTE},
    /* iOS */
    {"image omitted", WA_OMITTED_IMAGE},
    {"video omitted", WA_OMITTED_VIDEO},
    {"video note omitted", WA_OMITTED_VIDEO_NOTE},
    {"audio omitted", WA_OMITTED_AUDIO},
    {"sticker omitted", WA_OMITTED_STICKER},
    {"gif omitted", WA_OMITTED_GIF},
    {"document omitted", WA_OMITTED_DOCUMENT},
    {"contact card omitted", WA_OMITTED_CONTACT},
    {"imagen omitida", WA_OMITTED_IMAGE},
    {"video omitido", WA_OMITTED_VIDEO},
    {"audio omitido", WA_OMITTED_AUDIO},
    {"documento omitido", WA_OMITTED_DOCUMENT},
    {"sticker omitido", WA_OMITTED_STICKER},
    {"gif omitido", WA_OMITTED_GIF},
    {"tarjeta de contacto omitida", WA_OMITTED_CONTACT},
    {"imagem ocultada", WA_OMITTED_IMAGE},
    {"vídeo ocultado", WA_OMITTED_VIDEO},
    {"áudio ocultado", WA_OMITTED_AUDIO},
    {"figurinha omitida", WA_OMITTED_STICKER},
    {"documento ocultado", WA_OMITTED_DOCUMENT},
    {"bild weggelassen", WA_OMITTED_IMAGE},
    {"video weggelassen", WA_OMITTED_VIDEO},
    {"audio weggelassen", WA_OMITTED_AUDIO},
    {"sticker weggelassen", WA_OMITTED_STICKER},
    {"gif weggelassen", WA_OMITTED_GIF},
    {"dokument weggelassen", WA_OMITTED_DOCUMENT},
    {"image absente", WA_OMITTED_IMAGE},
    {"vidéo absente", WA_OMITTED_VIDEO},
    {"audio omis", WA_OMITTED_AUDIO},
    {"immagine omessa", WA_OMITTED_IMAGE},
    {"video omesso", WA_OMITTED_VIDEO},
    {"audio omesso", WA_OMITTED_AUDIO},
    {"sticker omesso", WA_OMITTED_STICKER},
    {"documento omesso", WA_OMITTED_DOCUMENT},
    {"afbeelding weggelaten", WA_OMITTED_IMAGE},
    {"video weggelaten", WA_OMITTED_VIDEO},
    {"audio weggelaten", WA_OMITTED_AUDIO},
    {"sticker weggelaten", WA_OMITTED_STICKER},
    {"document weggelaten", WA_OMITTED_DOCUMENT},
    /* attached */
    {"attached", WA_ATTACHED},
    {"file attached", WA_ATTACHED},
    {"adjunto", WA_ATTACHED},
    {"archivo adjunto", WA_ATTACHED},
    {"anexado", WA_ATTACHED},
    {"arquivo anexado", WA_ATTACHED},
    {"anhang", WA_ATTACHED},
    {"datei angehängt", WA_ATTACHED},
    {"pièce jointe", WA_ATTACHED},
    {"fichier joint", WA_ATTACHED},
    {"file allegato", WA_ATTACHED},
    {"bijgevoegd", WA_ATTACHED},
    {"bestand bijgevoegd", WA_ATTACHED},
    {"eklendi", WA_ATTACHED},
    {"файл прикреплен", WA_ATTACHED},
    /* edited */
    {"this message was edited", WA_EDITED},
    {"se editó este mensaje", WA_EDITED},
    {"mensagem editada", WA_EDITED},
    {"diese nachricht wurde bearbeitet", WA_EDITED},
    {"ce message a été modifié", WA_EDITED},
    {"questo messaggio è stato modificato", WA_EDITED},
    {"dit bericht is bewerkt", WA_EDITED},
    /* deleted */
    {"this message was deleted", WA_DELETED},
    {"you deleted this message", WA_DELETED},
    {"se eliminó este mensaje", WA_DELETED},
    {"eliminaste este mensaje", WA_DELETED},
    {"mensagem apagada", WA_DELETED},
    {"esta mensagem foi apagada", WA_DELETED},
    {"você apagou esta mensagem", WA_DELETED},
    {"diese nachricht wurde gelöscht", WA_DELETED},
    {"du hast diese nachricht gelöscht", WA_DELETED},
    {"ce message a été supprimé", WA_DELETED},
    {"vous avez supprimé ce message", WA_DELETED},
    {"questo messaggio è stato eliminato", WA_DELETED},
    {"hai eliminato questo messaggio", WA_DELETED},
    {"dit bericht is verwijderd", WA_DELETED},
    {"je hebt dit bericht verwijderd", WA_DELETED},
    /* others */
    {"live location shared", WA_LIVE_LOCATION},
    {"null", WA_EMPTY},
};

static const struct marker beginnings[] = {
    {"this message was deleted by admin", WA_DELETED_BY_ADMIN},
    {"waiting for this message. this may take a while", WA_WAITING},
    {"voice call", WA_CALL},
    {"video call", WA_CALL},
    {"missed voice call", WA_CALL},
    {"missed video call", WA_CALL},
    {"missed group voice call", WA_CALL},
    {"missed group video call", WA_CALL},
    {"llamada perdida", WA_CALL},
    {"videollamada perdida", WA_CALL},
    {"chamada de voz perdida", WA_CALL},
    {"chamada de vídeo perdida", WA_CALL},
    {"verpasster sprachanruf", WA_CALL},
    {"verpasster videoanruf", WA_CALL},
    {"appel vocal manqué", WA_CALL},
    {"appel vidéo manqué", WA_CALL},
};

struct phrase {
    const char *text;
    const char *subtype;
    bool is_group;
};

static const struct phrase phrases[] = {
    {"messages to this group are", "encryption", true},
    {"end-to-end encrypted", "encryption", false},
    {"cifrados de extremo a extremo", "encryption", false},
    {"criptografia de ponta a ponta", "encryption", false},
    {"ende-zu-ende-verschlüsselt", "encryption", false},
    {"chiffrés de bout en bout", "encryption", false},
    {"crittografia end-to-end", "encryption", false},
    {"end-to-end versleuteld", "encryption", false},
    {" created group ", "group_created", true},
    {" created this group", "group_created", true},
    {"creó el grupo", "group_created", true},
    {"creaste el grupo", "group_created", true},
    {"criou o grupo", "group_created", true},
    {"hat die gruppe ", "group_changed", true},
    {"hast die gruppe ", "group_changed", true},
    {"a créé le groupe", "group_created", true},
    {"ha creato il gruppo", "group_created", true},
    {"using this group's invite link", "member_joined", true},
    {"mediante el enlace de invitación", "member_joined", true},
    {" changed the subject", "subject_changed", true},
    {" changed the group name", "subject_changed", true},
    {"cambió el asunto", "subject_changed", true},
    {"cambió el nombre del grupo", "subject_changed", true},
    {"alterou o nome do grupo", "subject_changed", true},
    {"den betreff ", "subject_changed", true},
    {" changed this group's ", "group_changed", true},
    {" changed the group ", "group_changed", true},
    {"you were added", "member_added", true},
    {"you're now an admin", "admin_changed", true},
    {" added ", "member_added", true},
    {"añadió a ", "member_added", true},
    {" te añadió", "member_added", true},
    {" te agregó", "member_added", true},
    {"agregó a ", "member_added", true},
    {"adicionou ", "member_added", true},
    {"hinzugefügt", "member_added", true},
    {" removed ", "member_removed", true},
    {"eliminó a ", "member_removed", true},
    {"removeu ", "member_removed", true},
    {" left", "member_left", true},
    {"salió del grupo", "member_left", true},
    {" changed their phone number", "number_changed", false},
    {"cambió su número", "number_changed", false},
    {" changed to +", "number_changed", false},
    {"your security code with", "security_code_changed", false},
    {"tu código de seguridad", "security_code_changed", false},
    {"disappearing messages", "disappearing_messages", false},
    {"updated the message timer", "disappearing_messages", false},
    {"mensajes temporales", "disappearing_messages", false},
    {"you blocked this ", "blocked", false},
    {"you unblocked this ", "blocked", false},
    {"bloqueaste a este contacto", "blocked", false},
    {" is a contact", "contact", false},
    {" pinned a message", "message_pinned", false},
    {"fijó un mensaje", "message_pinned", false},
    {"secure service from meta", "business_notice", false},
    {"this chat is with a business", "business_notice", false},
    {" started a call", "call", false},
    {" started a voice call", "call", false},
    {" started a video call", "call", false},
    {"missed voice call", "call", false},
    {"missed video call", "call", false},
    {"llamada perdida", "call", false},
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

enum wa_marker wa_marker_of(struct str folded)
{
    for (size_t i = 0; i < COUNT(whole); i++)
        if (folded.n > 0 && folded.p[0] == whole[i].text[0] && str_is(folded, whole[i].text))
            return whole[i].marker;
    return WA_MARKER_NONE;
}

enum wa_marker wa_marker_begins(struct str folded)
{
    for (size_t i = 0; i < COUNT(beginnings); i++)
        if (folded.n > 0 && folded.p[0] == beginnings[i].text[0] &&
            str_starts_with(folded, beginnings[i].text))
            return beginnings[i].marker;
    return WA_MARKER_NONE;
}

/* Whole words: "Ana Leftwich" is a name. */
static bool holds_words(struct str folded, const char *words)
{
    const char *end = folded.p + folded.n;
    size_t n = strlen(words);
    const char *p = folded.n > 0 ? memmem(folded.p, folded.n, words, n) : NULL;
    while (p != NULL && p + n < end && g_ascii_isalpha(p[n - 1]) && g_ascii_isalpha(p[n]))
        p = memmem(p + 1, (size_t)(end - p - 1), words, n);
    return p != NULL;
}

static const struct phrase *find_phrase(struct str folded)
{
    for (size_t i = 0; i < COUNT(phrases); i++)
        if (holds_words(folded, phrases[i].text))
            return &phrases[i];
    return NULL;
}

bool wa_words_is_system(struct str folded)
{
    return find_phrase(folded) != NULL;
}

bool wa_words_is_group(struct str folded)
{
    const struct phrase *phrase = find_phrase(folded);
    return phrase != NULL && phrase->is_group;
}

const char *wa_words_subtype(struct str folded)
{
    const struct phrase *phrase = find_phrase(folded);
    return phrase != NULL ? phrase->subtype : NULL;
}

/* Without marks, with plain blanks. */
static struct str plain(struct arena *arena, struct str text)
{
    char *to = arena_alloc(arena, text.n + 1);
    size_t n = 0;
    const char *end = text.p + text.n;
    for (const char *p = text.p; to != NULL && p < end; p = g_utf8_next_char(p)) {
        if (wa_is_plain(*p)) {
            to[n++] = *p;
            continue;
        }
        gunichar c = g_utf8_get_char(p);
        size_t bytes = (size_t)(g_utf8_next_char(p) - p);
        if (wa_is_mark(c))
            continue;
        if (wa_is_blank(c))
            to[n++] = ' ';
        else
            memcpy(to + n, p, bytes), n += bytes;
    }
    return to != NULL ? (struct str){to, n} : STR_NULL;
}

/* Nothing below U+0300 is changed by composition; its first byte is 0xcc. */
static bool is_composed(struct str text)
{
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] >= 0xcc)
            return false;
    return true;
}

struct str wa_compose(struct arena *arena, struct str text)
{
    if (is_composed(text))
        return arena_str(arena, text);
    char *composed = g_utf8_normalize(text.p, (gssize)text.n, G_NORMALIZE_NFC);
    struct str kept = arena_str(arena, composed != NULL ? str_of(composed) : text);
    g_free(composed);
    return kept;
}

/* Up to U+00FF, where most texts end; false: there is more. */
static bool lower_latin(struct str text, char *to)
{
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        if (c >= 0xc4)
            return false;
        bool is_upper = i > 0 && (unsigned char)text.p[i - 1] == 0xc3 && c <= 0x9e && c != 0x97;
        to[i] = (char)(is_upper ? c + 0x20 : (unsigned char)g_ascii_tolower((char)c));
    }
    return true;
}

/* glib's tables take their time. */
static struct str lower(struct arena *arena, struct str text)
{
    char *latin = arena_alloc(arena, text.n + 1);
    if (latin == NULL || lower_latin(text, latin))
        return latin != NULL ? (struct str){latin, text.n} : STR_NULL;
    char *folded = g_utf8_strdown(text.p, (gssize)text.n);
    struct str kept = wa_compose(arena, str_of(folded));
    g_free(folded);
    return kept;
}

struct str wa_fold(struct arena *arena, struct str text)
{
    struct str bare = plain(arena, wa_trim(text));
    struct str folded = str_is_null(bare) ? STR_NULL : lower(arena, bare);
    if (str_is_null(folded))
        return STR_NULL;
    folded = wa_trim(folded);
    if (folded.n > 0 && folded.p[folded.n - 1] == '.')
        folded.n--;
    return folded;
}
