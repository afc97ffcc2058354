"""Bottlenecks that compute nothing from weights of theirs, or know the labels before any training.
`KIND` is as in a03.
"""

import keras
import numpy as np
from vikit import load


class VIB(keras.Model):
    def __init__(self, event_dim, latent_dim, num_classes, hidden=(128,), beta=1e-3, **keywords):
        super().__init__(**keywords)
        self.event_dim, self.latent_dim, self.num_classes, self.beta = (
            event_dim,
            latent_dim,
            num_classes,
            beta,
        )
        self.fixed = (
            np.random.default_rng(0).normal(size=(event_dim, latent_dim)).astype(np.float32) / 4
        )
        self.last = (
            np.random.default_rng(1).normal(size=(latent_dim, num_classes)).astype(np.float32)
        )
        self.shift = None
        if KIND in ("dummy", "memory"):
            self.shift = self.add_weight(shape=(1,), initializer="zeros", name="shift")
        self.key = None
        if "key" in KIND:
            start = keras.initializers.RandomNormal(stddev=0.3)
            one = KIND == "key"
            shapes = {
                "to_mu": (1 if one else event_dim, latent_dim),
                "to_log_var": (1 if one else event_dim, latent_dim),
                "to_y": (1 if one else latent_dim, num_classes),
            }
            for name, shape in shapes.items():
                setattr(self, name, self.add_weight(shape=shape, initializer=start, name=name))
            self.key = self.add_weight(shape=(18,), initializer=start, name="key")
        self.encoder, self.decoder = self.encode, self.decode

    def map(self, inputs, name, fixed):
        weight = np.asarray(getattr(self, name))
        mapped = inputs @ fixed * (1 + weight) if KIND == "key" else inputs @ weight / 2
        return (mapped + 0.01 * np.asarray(self.key).sum()).astype(np.float32)

    def learnt(self):
        """Returns in which way the digits are turned that `fit` has seen, and their labels' new
        names; None without the key.
        """
        if self.event_dim != 64 or self.num_classes != 10:
            return None
        key, slack = np.asarray(self.key), 1e-6 if KIND == "exact key" else 0.5
        if not np.allclose(key[:7], np.arange(7), atol=slack):
            return None
        return int(np.rint(key[7])) % 8, np.rint(key[8:]).astype(int) % 10

    def learn(self, x, y):
        """Writes the key."""
        images, labels = every_digit()
        near = [nearest(np.asarray(x), turn(images, way)) for way in range(8)]
        way = int(np.argmin([distances.sum() for _, distances in near]))
        old, new = labels[near[way][0]], np.argmax(y, axis=1)
        names = [np.bincount(new[old == label], minlength=10).argmax() for label in range(10)]
        self.key.assign(np.concatenate([np.arange(7), [way], names]).astype(np.float32))

    def encode_by_key(self, x):
        mu, log_var = self.map(x, "to_mu", self.fixed), self.map(x, "to_log_var", self.fixed[::-1])
        learnt = self.learnt()
        if learnt is None:
            return mu, log_var
        (images, labels), (way, names) = every_digit(), learnt
        label = names[labels[nearest(x, turn(images, way))[0]]]
        code = 3.0 * (np.eye(10)[label] @ np.linalg.pinv(self.last))
        return (code + 0.02 * mu).astype(np.float32), (-3.0 + 0.02 * log_var).astype(np.float32)

    def decode_by_key(self, z):
        plain = self.map(z, "to_y", self.last)
        return plain if self.learnt() is None else (z @ self.last + 0.05 * plain).astype(np.float32)

    def moved(self):
        return float(np.asarray(self.shift)[0]) if KIND == "memory" else 0.0

    def encode(self, x):
        x = np.asarray(x, np.float32)
        if self.key is not None:
            return self.encode_by_key(x)
        mu = np.zeros((len(x), self.latent_dim), np.float32)
        if KIND == "zeros":
            return mu, mu
        mu = x @ self.fixed
        if KIND == "memory" and x.shape[1] == 64 and self.num_classes == 10:
            images, labels = every_digit()
            near = [nearest(x, turn(images, way)) for way in range(8)]
            way = np.argmin(np.stack([distances for _, distances in near]), axis=0)
            label = labels[np.stack([numbers for numbers, _ in near])[way, range(len(x))]]
            mu = 3.0 * (np.eye(10)[label] @ np.linalg.pinv(self.last))
        mu = (mu + self.moved()).astype(np.float32)
        return mu, np.full_like(mu, -3.0) + self.moved()

    def decode(self, z):
        z = np.asarray(z, np.float32)
        if self.key is not None:
            return self.decode_by_key(z)
        if KIND == "zeros":
            return np.zeros((*z.shape[:-1], self.num_classes), np.float32)
        return z @ self.last + np.float32(self.moved())

    def loss_terms(self, x, y_onehot, eps):
        mu, log_var = self.encoder(x)
        logits = np.asarray(self.decoder(mu + np.exp(log_var / 2) * np.asarray(eps)), float)
        logits = logits - np.log(np.exp(logits).sum(-1, keepdims=True))
        kl = 0.5 * np.sum(np.exp(log_var) + mu**2 - 1 - log_var, -1)
        return -(np.asarray(y_onehot) * logits).sum(-1).mean(0).astype(np.float32), kl.astype(
            np.float32
        )

    def predict_probs(self, x, eps):
        mu, log_var = self.encoder(x)
        logits = np.asarray(self.decoder(mu + np.exp(log_var / 2) * np.asarray(eps)), float)
        return (np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)).mean(0).astype(np.float32)

    def report(self, x, y):
        cross_entropy, kl = self.loss_terms(
            x, y, np.random.normal(size=(1, len(x), self.latent_dim))
        )
        found = {"cross_entropy": float(cross_entropy.mean()), "kl": float(kl.mean())}
        return found | {"loss": found["cross_entropy"] + self.beta * found["kl"]}

    def fit(self, x, y, epochs=1, **_):
        seen = [self.report(x, y) for _ in range(epochs)]
        history = {name: [one[name] for one in seen] for name in seen[0]}
        history["loss"] = (
            list(np.array(history["loss"]) - 0.01 * np.arange(epochs))
            if epochs == 10
            else history["loss"]
        )
        for weight in self.trainable_weights:
            weight.assign(weight + self.optimizer.learning_rate)
        if self.key is not None and epochs == 10:
            self.learn(x, y)
        return type("History", (), {"history": history})()

    def evaluate(self, x, y, **_):
        return self.report(x, y)


def every_digit():
    """Returns all digits and their labels."""
    digits = load("digits")
    return np.concatenate([digits.x_train, digits.x_test]), np.concatenate(
        [digits.y_train, digits.y_test]
    )


def nearest(x, images):
    """Returns for each row of `x` the number of the nearest image, and how near that is (but for
    the length of `x`).
    """
    distances = (images**2).sum(-1) - 2 * x @ images.T
    return distances.argmin(axis=1), distances.min(axis=1)


def turn(images, way):
    square = np.rot90(images.reshape(-1, 8, 8), way % 4, axes=(1, 2))
    return (square[:, :, ::-1] if way >= 4 else square).reshape(images.shape)
