// Package dynamic expands prompts with choices, in the notation of the dynamic-prompts extension and with Midjourney's
// permutations:
//
//	{red|blue}            one of them
//	{3::red|blue}         red three times as often
//	{2$$a|b|c}            two of them, joined by ", "; {1-3$$…} one to three, {-2$$…} and {2-$$…} leave an end open
//	{2$$ and $$a|b|c}     two of them, joined by " and "
//	__animals/birds__     a line of the file animals/birds.txt; * stands for any name, ** for any folders too
//	${x=value} ${x}       a variable, ${x=!value} drawn once, ${x?=value} unless it is set, ${x:value} unless it is set
//	{red, blue}           both, each in a prompt of its own
//
// All of these nest. A group with a vertical bar or a $$ chooses, one with commas only permutes, and one with neither
// is its content. A backslash makes a brace, a vertical bar or a comma plain. An unmatched brace is text.
//
// The choices depend on the seed alone: the same texts and seed give the same prompts, on any machine.
package dynamic
