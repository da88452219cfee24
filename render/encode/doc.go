// Package encode writes finished images within a size limit, and reads input images from untrusted sources. Images
// carry their settings as text in AUTOMATIC1111's form, which it reads back.
package encode
