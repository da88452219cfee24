package wire

import "time"

// User is a person or the bot.
type User struct {
	ID            string `json:"id"`
	Username      string `json:"username"`
	Discriminator string `json:"discriminator"`
	GlobalName    string `json:"global_name,omitempty"`
	Avatar        string `json:"avatar,omitempty"`
	Bot           bool   `json:"bot,omitempty"`
	PublicFlags   int    `json:"public_flags"`
}

// Member is a user in a guild. Permissions is a bit set in decimal digits.
type Member struct {
	User        *User     `json:"user,omitempty"`
	Nick        *string   `json:"nick"`
	Roles       []string  `json:"roles"`
	JoinedAt    time.Time `json:"joined_at"`
	Deaf        bool      `json:"deaf"`
	Mute        bool      `json:"mute"`
	Flags       int       `json:"flags"`
	Pending     bool      `json:"pending"`
	Permissions string    `json:"permissions,omitempty"`
}

// Channel types that the sandbox knows.
const (
	TextChannel  = 0
	DMChannel    = 1
	PublicThread = 11
)

// Channel is a text channel, a thread (ParentID is its text channel) or a DM channel.
type Channel struct {
	ID         string          `json:"id"`
	Type       int             `json:"type"`
	GuildID    string          `json:"guild_id,omitempty"`
	Name       string          `json:"name,omitempty"`
	Topic      string          `json:"topic,omitempty"`
	Position   int             `json:"position"`
	NSFW       bool            `json:"nsfw,omitempty"` // threads have none: their channel's counts
	ParentID   string          `json:"parent_id,omitempty"`
	OwnerID    string          `json:"owner_id,omitempty"`
	LastID     string          `json:"last_message_id,omitempty"`
	Recipients []User          `json:"recipients,omitempty"`
	Thread     *ThreadMetadata `json:"thread_metadata,omitempty"`

	PermissionOverwrites []struct{} `json:"permission_overwrites"`
	// Permissions is the bit set of the user who made the interaction. Only interactions contain it.
	Permissions string `json:"permissions,omitempty"`
}

// ThreadMetadata is the part of a channel that only threads have.
type ThreadMetadata struct {
	Archived            bool      `json:"archived"`
	AutoArchiveDuration int       `json:"auto_archive_duration"` // minutes
	ArchiveTimestamp    time.Time `json:"archive_timestamp"`
	Locked              bool      `json:"locked"`
}

// Role is a role of a guild. The sandbox has only @everyone, whose id is the guild's id.
type Role struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	Color       int    `json:"color"`
	Hoist       bool   `json:"hoist"`
	Position    int    `json:"position"`
	Permissions string `json:"permissions"`
	Managed     bool   `json:"managed"`
	Mentionable bool   `json:"mentionable"`
	Flags       int    `json:"flags"`
}

// Guild is a guild, which Discord's users call a server.
type Guild struct {
	ID              string   `json:"id"`
	Name            string   `json:"name"`
	OwnerID         string   `json:"owner_id"`
	PreferredLocale string   `json:"preferred_locale"`
	PremiumTier     int      `json:"premium_tier"`
	NSFWLevel       int      `json:"nsfw_level"`
	Features        []string `json:"features"`
	Roles           []Role   `json:"roles"`
	Emojis          []any    `json:"emojis"`
}

// Permission bits that the sandbox checks.
const (
	PermAdministrator  uint64 = 1 << 3
	PermManageGuild    uint64 = 1 << 5
	PermViewChannel    uint64 = 1 << 10
	PermSendMessages   uint64 = 1 << 11
	PermManageMessages uint64 = 1 << 13
	PermEmbedLinks     uint64 = 1 << 14
	PermAttachFiles    uint64 = 1 << 15
	PermReadHistory    uint64 = 1 << 16
	PermUseCommands    uint64 = 1 << 31
	PermSendInThreads  uint64 = 1 << 38

	// PermMember is what an ordinary member of a new guild may do.
	PermMember = PermViewChannel | PermSendMessages | PermEmbedLinks | PermAttachFiles |
		PermReadHistory | PermUseCommands | PermSendInThreads
	// PermModerator is what a moderator may do.
	PermModerator = PermMember | PermManageGuild | PermManageMessages
	// PermAll is what an administrator may do everywhere, and everybody in a DM with the bot.
	PermAll uint64 = 1<<53 - 1
)
