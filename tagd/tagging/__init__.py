"""From a durable job to a photo's tags in the catalogue.

worker          the story: claim, decode, choose, predict, derive, record
batch           what one round of the worker gathers
classify        decoded photos and what the chosen models say of them
taggers         what further taggers make of them; everyday: words for what people photograph
together        tags from what all of them said
embed           what models see in photos that are known already
results         what came of each, to be recorded and to be told
failures        what is done about a photo that failed
keyword_sync    what people did to keywords becomes tags too; keyword_words: what they name
"""
